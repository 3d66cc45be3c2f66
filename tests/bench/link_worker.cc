#include "tests/bench/link_worker.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "tests/bench/paced_arrivals.h"

namespace stillwater::bench {
namespace {

constexpr std::uint16_t kBurst = 32;
constexpr std::uint16_t kFrameBytes = 60;
constexpr Nanos kInFlight = 50ms;  // how long a frame on a veth link may take on a busy machine

std::unique_ptr<dataplane::Port> open(const std::string& end, rte_mempool* pool) {
  static int serial = 0;
  dataplane::PortConfig config;
  config.name = end;
  config.device = "net_af_packet" + std::to_string(serial++) + ",iface=" + end + ",framecnt=512";
  config.mac = {0x02, 0x53, 0x57, 0, 0, 1};
  auto port = dataplane::Port::open(config, 1, pool);
  Status started = port ? (*port)->start() : tl::unexpected(port.error());
  if (!started) {
    std::fprintf(stderr, "%s\n", started.error().message.c_str());
    std::exit(1);
  }
  return std::move(*port);
}

}  // namespace

LinkWorker::LinkWorker(double packets_per_s, quiesce::WorkerGate& gate, const Clock& clock)
    : packets_per_s_(packets_per_s), gate_(gate), clock_(clock) {
  pool_ = rte_pktmbuf_pool_create("link", 4095, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
  if (pool_ == nullptr) {
    std::fprintf(stderr, "no memory for packet buffers\n");
    std::exit(1);
  }
  sender_ = open("bench-a", pool_);
  receiver_ = open("bench-b", pool_);
}

LinkWorker::~LinkWorker() {
  stop();
  sender_.reset();
  receiver_.reset();
  rte_mempool_free(pool_);
}

void LinkWorker::launch(unsigned lcore) {
  lcore_ = lcore;
  const auto enter = [](void* self) {
    static_cast<LinkWorker*>(self)->run();
    return 0;
  };
  if (rte_eal_remote_launch(enter, this, lcore) == 0) return;
  std::fprintf(stderr, "lcore %u is busy\n", lcore);
  std::exit(1);
}

void LinkWorker::stop() {
  if (lcore_ == 0) return;
  end_ = true;
  rte_eal_wait_lcore(lcore_);
  lcore_ = 0;
}

// How many the link took: what it refuses was never offered to the receiver.
std::uint64_t LinkWorker::send(std::uint64_t due) {
  std::uint64_t sent = 0;
  rte_mbuf* packets[kBurst];
  while (sent < due) {
    const auto n = static_cast<std::uint16_t>(std::min<std::uint64_t>(due - sent, kBurst));
    if (rte_pktmbuf_alloc_bulk(pool_, packets, n) != 0) break;
    for (std::uint16_t i = 0; i < n; ++i)
      std::memset(rte_pktmbuf_append(packets[i], kFrameBytes), 0xff, kFrameBytes);
    const std::uint16_t taken = rte_eth_tx_burst(sender_->dpdk_id(), 0, packets, n);
    rte_pktmbuf_free_bulk(packets + taken, static_cast<unsigned>(n - taken));
    sent += taken;
    if (taken < n) break;
  }
  account_.short_of_buffers += due - sent;
  return sent;
}

void LinkWorker::run() {
  const std::uint16_t port = receiver_->dpdk_id();
  quiesce::InterfaceAgent agent(gate_, {{port, 0}});
  agent.at_boundary();
  Instant last = clock_.now();
  PacedArrivals arrivals(packets_per_s_, kRingPackets, last);
  LossWindows windows(last);
  rte_mbuf* packets[kBurst];
  while (!end_.load(std::memory_order_relaxed)) {
    const Instant now = clock_.now();
    account_.largest_gap = std::max(account_.largest_gap, now - last);
    last = now;
    const std::uint64_t sent = send(arrivals.due(now));
    account_.offered += sent;
    const std::uint16_t n = agent.rx_burst(port, 0, packets, kBurst);
    arrivals.follow(sent, n);
    account_.received += n;
    agent.free(packets, n);
    if (windows.is_over(now))
      windows.close(now, receiver_->stats().rx_missed, arrivals.lost_by_model(), account_);
    agent.at_boundary();
  }
  receive_the_rest(agent);
  account_.missed_by_port = receiver_->stats().rx_missed;
  account_.lost_by_model = arrivals.lost_by_model();
}

void LinkWorker::receive_the_rest(quiesce::InterfaceAgent& agent) {
  rte_mbuf* packets[kBurst];
  for (const Instant until = clock_.now() + kInFlight;
       clock_.now() < until && account_.received < account_.offered;) {
    const std::uint16_t n = agent.rx_burst(receiver_->dpdk_id(), 0, packets, kBurst);
    account_.received += n;
    agent.free(packets, n);
  }
}

}  // namespace stillwater::bench
