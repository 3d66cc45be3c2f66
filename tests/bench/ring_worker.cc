#include "tests/bench/ring_worker.h"

#include <cstdio>
#include <cstdlib>

#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "quiesce/interface_agent.h"
#include "tests/bench/paced_arrivals.h"

namespace stillwater::bench {
namespace {

constexpr std::uint16_t kBurst = 32;
constexpr std::uint64_t kParkNs = 50'000;
constexpr unsigned kEmptyTurns = 64;  // as the dataplane's own idle strategy

void need(bool done, const char* what) {
  if (done) return;
  std::fprintf(stderr, "ring port: cannot %s\n", what);
  std::exit(1);
}

}  // namespace

RingWorker::RingWorker(const RingLoad& load, quiesce::WorkerGate& gate, const Clock& clock)
    : load_(load), gate_(gate), clock_(clock) {
  static int serial = 0;
  const std::string name = "paced" + std::to_string(serial++);
  const std::uint32_t packets = 2 * load.ring_packets + 256;
  pool_ = rte_pktmbuf_pool_create(name.c_str(), packets, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
  const unsigned exact = RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ;
  in_ = rte_ring_create((name + "_in").c_str(), load.ring_packets, static_cast<int>(SOCKET_ID_ANY), exact);
  out_ = rte_ring_create((name + "_out").c_str(), packets, static_cast<int>(SOCKET_ID_ANY), exact);
  need(pool_ != nullptr && in_ != nullptr && out_ != nullptr, "allocate");
  const int id = rte_eth_from_rings(name.c_str(), &in_, 1, &out_, 1, 0);
  need(id >= 0, "open");
  port_ = static_cast<std::uint16_t>(id);
  const rte_eth_conf conf{};
  need(rte_eth_dev_configure(port_, 1, 1, &conf) == 0 &&
           rte_eth_rx_queue_setup(port_, 0, 64, SOCKET_ID_ANY, nullptr, pool_) == 0 &&
           rte_eth_tx_queue_setup(port_, 0, 64, SOCKET_ID_ANY, nullptr) == 0 && rte_eth_dev_start(port_) == 0,
       "start");
  for (std::uint32_t i = 0; i < packets; ++i) {
    rte_mbuf* packet = rte_pktmbuf_alloc(pool_);
    if (packet == nullptr) break;
    rte_pktmbuf_append(packet, 60);
    stock_.push_back(packet);
  }
}

RingWorker::~RingWorker() {
  stop();
  recycle();
  for (void* packet = nullptr; rte_ring_dequeue(in_, &packet) == 0;)
    stock_.push_back(static_cast<rte_mbuf*>(packet));
  rte_pktmbuf_free_bulk(stock_.data(), static_cast<unsigned>(stock_.size()));
  rte_eth_dev_stop(port_);
  rte_eth_dev_close(port_);
  rte_ring_free(in_);
  rte_ring_free(out_);
  rte_mempool_free(pool_);
}

void RingWorker::launch(unsigned lcore) {
  lcore_ = lcore;
  const auto enter = [](void* self) {
    static_cast<RingWorker*>(self)->run();
    return 0;
  };
  need(rte_eal_remote_launch(enter, this, lcore) == 0, "launch on its lcore");
}

void RingWorker::stop() {
  if (lcore_ == 0) return;
  end_ = true;
  rte_eal_wait_lcore(lcore_);
  lcore_ = 0;
}

std::uint64_t RingWorker::arrive(std::uint64_t due) {
  const std::uint64_t room = rte_ring_free_count(in_);
  std::uint64_t wanted = std::min(due, room);
  if (wanted > stock_.size()) {
    account_.short_of_buffers += wanted - stock_.size();
    wanted = stock_.size();
  }
  const auto first = stock_.end() - static_cast<std::ptrdiff_t>(wanted);
  rte_ring_sp_enqueue_bulk(in_, reinterpret_cast<void**>(&*first), static_cast<unsigned>(wanted), nullptr);
  stock_.erase(first, stock_.end());
  return wanted;
}

void RingWorker::recycle() {
  void* packets[kBurst];
  while (const unsigned n = rte_ring_sc_dequeue_burst(out_, packets, kBurst, nullptr))
    for (unsigned i = 0; i < n; ++i) stock_.push_back(static_cast<rte_mbuf*>(packets[i]));
}

void RingWorker::run() {
  quiesce::InterfaceAgent agent(gate_, {{port_, 0}});
  agent.at_boundary();
  Instant last = clock_.now();
  PacedArrivals arrivals(load_.packets_per_s, load_.ring_packets, last);
  LossWindows windows(last);
  bool resumed = false;
  unsigned empty_turns = 0;
  rte_mbuf* packets[kBurst];
  while (!end_.load(std::memory_order_relaxed)) {
    const Instant now = clock_.now();
    account_.largest_gap = std::max(account_.largest_gap, now - last);
    last = now;
    const std::uint64_t due = arrivals.due(now);
    if (due != 0) (void)arrive(due);
    const std::uint16_t n = agent.rx_burst(port_, 0, packets, kBurst);
    arrivals.follow(due, n);
    account_.received += n;
    if (n != 0) {
      if (resumed) first_after_resume_ns_.store(clock_.now().count(), std::memory_order_relaxed);
      resumed = false;
      agent.tx_burst(port_, 0, packets, n);
      recycle();
    }
    if (windows.is_over(now))
      windows.close(now, arrivals.offered() - account_.received - rte_ring_count(in_),
                    arrivals.lost_by_model(), account_);
    empty_turns = n == 0 ? empty_turns + 1 : 0;
    const bool parks = load_.idle == dataplane::IdleStrategy::sleep && empty_turns >= kEmptyTurns;
    if (parks ? agent.park(kParkNs) : agent.at_boundary()) resumed = true;
  }
  account_.offered = arrivals.offered();
  account_.lost_by_model = arrivals.lost_by_model();
  account_.waiting = rte_ring_count(in_);
}

Instant RingWorker::first_packet_after(Instant since) const {
  const Instant first(first_after_resume_ns_.load(std::memory_order_relaxed));
  return first > since ? first : Instant{};
}

}  // namespace stillwater::bench
