// The price of the method on one worker: the pause of a checkpoint, and forwarding with checkpoints off and
// on.
//
// The worker runs on the last core with a load that takes no core (flow_source.h); the engine and a live
// standby (a real Receiver behind a socket) share the first.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <functional>
#include <thread>

#include <sys/socket.h>
#include <sys/sysinfo.h>

#include <CLI/CLI.hpp>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "ckpt_engine/engine/engine.h"
#include "ckpt_engine/trackers/barrier_tracker.h"
#include "dataplane/control/eal.h"
#include "dataplane/control/port.h"
#include "dataplane/dataplane.h"
#include "standby/receiver.h"
#include "tests/bench/flow_source.h"
#include "tests/bench/network.h"
#include "tests/bench/pause_parts.h"
#include "tests/bench/report.h"

namespace stillwater::bench {
namespace {

constexpr std::uint32_t kFlows = 10'000;
constexpr Nanos kWindow = 1s;

dataplane::Config translating_firewall() {
  dataplane::Config config = firewall(400'000);
  config.source_nat = {{"inside", "outside", kOutsideAddress, {1024, 65535}}};
  config.timeouts.udp_s = 10;
  return config;
}

// A standby on a thread of its own: reads a socket, swaps, acknowledges.
class LiveStandby {
 public:
  LiveStandby(const region::Layout& layout, int fd)
      : region_(std::move(*region::Region::create(layout))),
        buffer_(std::move(*standby::ReservedBuffer::create(64u << 20))),
        fd_(fd),
        thread_([this] { run(); }) {}
  ~LiveStandby() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
  }

 private:
  void run() {
    standby::Receiver receiver(*region_, buffer_, {});
    receiver.connected();
    for (;;) {
      const std::span<std::byte> space = receiver.space();
      const ssize_t n = recv(fd_, space.data(), space.size(), 0);
      if (n <= 0) return;
      if (Status done = receiver.received(static_cast<std::size_t>(n)); !done) {
        std::fprintf(stderr, "standby: %s\n", done.error().message.c_str());
        return;
      }
      if (const auto output = receiver.take_output(); !output.empty())
        send(fd_, output.data(), output.size(), 0);
    }
  }

  std::unique_ptr<region::Region> region_;
  standby::ReservedBuffer buffer_;
  int fd_;
  std::thread thread_;
};

class SocketTransport final : public wire::Transport {
 public:
  explicit SocketTransport(int fd) : fd_(fd) {}
  Status send(wire::Bytes frame) override {
    while (!frame.empty()) {
      const ssize_t n = ::send(fd_, frame.data(), frame.size(), MSG_NOSIGNAL);
      if (n <= 0) return fail_errno("standby lost", errno);
      frame = frame.subspan(static_cast<std::size_t>(n));
    }
    return {};
  }
  // Blocks until the acknowledgement of one epoch is there.
  Result<wire::Ack> receive_ack() {
    std::byte bytes[sizeof(wire::FrameHeader) + sizeof(wire::Ack)];
    if (recv(fd_, bytes, sizeof(bytes), MSG_WAITALL) != sizeof(bytes))
      return fail_errno("standby lost", errno);
    const auto frame = wire::parse(bytes);
    if (!frame || !frame->has_value()) return fail(Errc::protocol, "not an acknowledgement");
    return wire::body_of<wire::Ack>(**frame);
  }

 private:
  int fd_;
};

void must(const Status& done, const char* what) {
  if (done) return;
  std::fprintf(stderr, "%s: %s\n", what, done.error().message.c_str());
  std::exit(1);
}

// What the same load costs without a function: received on two null ports, sent out of the other, in millions
// of packets a second. On the worker's lcore, before the dataplane takes it.
double raw_io_mpps(unsigned repetitions) {
  rte_mempool* pool = rte_pktmbuf_pool_create("raw", 8191, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
  std::vector<std::unique_ptr<dataplane::Port>> ports;
  FlowSource sources[] = {{FlowSource::Side::inside, kFlows}, {FlowSource::Side::outside, kFlows}};
  for (int i = 0; i < 2; ++i) {
    dataplane::PortConfig config;
    config.name = config.device = "net_null" + std::to_string(2 + i);
    auto port = dataplane::Port::open(config, 1, pool);
    if (!port) must(tl::unexpected(port.error()), "raw port");
    sources[i].attach((*port)->dpdk_id());
    must((*port)->start(), "raw port");
    ports.push_back(std::move(*port));
  }
  struct Loop {
    std::uint16_t ids[2];
    std::atomic<bool> stop{false};
    std::uint64_t packets = 0;
  } loop{{ports[0]->dpdk_id(), ports[1]->dpdk_id()}};
  const auto forward = [](void* argument) {
    auto& self = *static_cast<Loop*>(argument);
    rte_mbuf* burst[32];
    while (!self.stop.load(std::memory_order_relaxed))
      for (int side = 0; side < 2; ++side) {
        const std::uint16_t n = rte_eth_rx_burst(self.ids[side], 0, burst, 32);
        self.packets += rte_eth_tx_burst(self.ids[1 - side], 0, burst, n);
      }
    return 0;
  };
  const unsigned lcore = rte_get_next_lcore(-1, 1, 0);
  const BootClock clock;
  const Instant begin = clock.now();
  rte_eal_remote_launch(forward, &loop, lcore);
  std::this_thread::sleep_for(kWindow * repetitions);
  loop.stop = true;
  rte_eal_wait_lcore(lcore);
  for (FlowSource& source : sources) source.detach();
  return static_cast<double>(loop.packets) / std::chrono::duration<double>(clock.now() - begin).count() / 1e6;
}

// Everything that is measured, put together as the daemon does it.
class Bench {
 public:
  Bench() : config_(translating_firewall()) {
    dataplane::Dataplane::add_roots(layout_, config_);
    region_ = std::move(*region::Region::create(layout_));
    region::RegionId id{};
    id[0] = 1;
    region_->set_identity(id, 1);
    permit_.set_until(TransmitPermit::kForever);
    auto made = dataplane::Dataplane::create(config_, *region_, epochs_, permit_, clock_);
    if (!made) must(tl::unexpected(made.error()), "dataplane");
    plane_ = std::move(*made);
    inside_.attach(port("net_null0"));
    outside_.attach(port("net_null1"));
    must(plane_->start(), "start");
    tracker_ = std::make_unique<trackers::BarrierTracker>(*region_, std::vector{&plane_->marks(0)});
    engine_ = std::make_unique<engine::Engine>(
        engine::Engine::Parts{*region_, *tracker_, plane_->barrier(), epochs_, clock_,
                              std::move(*engine::Staging::create(32u << 20))},
        engine::Policy{});
    engine_->lead_from(0);
    plane_->barrier().resume();
  }
  ~Bench() { plane_->stop(); }

  void new_flows_per_million(std::uint32_t rate) { inside_.set_new_flows_per_million(rate); }

  // Packets that left per second of the window, in millions, while `beside` runs on this thread.
  double forwarded_mpps(const std::function<void(Instant until)>& beside) {
    const std::uint64_t before = frames_sent();
    const Instant begin = clock_.now();
    beside(begin + kWindow);
    const double seconds = std::chrono::duration<double>(clock_.now() - begin).count();
    return static_cast<double>(frames_sent() - before) / seconds / 1e6;
  }

  std::uint64_t frames_sent() const {
    std::uint64_t sum = 0;
    for (const dataplane::PortStats& port : plane_->port_stats()) sum += port.tx_packets;
    return sum;
  }

  void wait(Instant until) const { std::this_thread::sleep_for(until - clock_.now()); }

  void connect_standby() {
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) std::exit(1);
    here_ = UniqueFd(fds[0]);
    there_ = UniqueFd(fds[1]);
    standby_ = std::make_unique<LiveStandby>(layout_, there_.get());
    SocketTransport transport(here_.get());
    must(engine_->first_sync(transport, [](std::uint64_t) {}), "first sync");
    must(acknowledge(transport), "first acknowledgement");
  }

  // Checkpoints at 1 kHz until `until`; appends pauses, the worker's own largest receive gap in each interval
  // that had one, and dirty lines. Epochs with nothing to do do not count.
  struct Pauses {
    std::vector<double> blackout_us, receive_gap_us, lines;
    PauseParts parts;
  };
  void checkpoint(Instant until, Pauses& pauses) {
    SocketTransport transport(here_.get());
    for (Instant next = clock_.now(); clock_.now() < until;) {
      next += 1ms;
      plane_->reset_largest_receive_gap();
      if (engine_->due(clock_.now(), false) != engine::Trigger::none) {
        must(engine_->checkpoint(transport), "checkpoint");
        must(acknowledge(transport), "acknowledgement");
        const engine::Sample& last = engine_->last_sample();
        if (last.lines > 0) {
          pauses.blackout_us.push_back(microseconds(last.blackout));
          pauses.parts.add(last.pause);
          pauses.receive_gap_us.push_back(microseconds(plane_->largest_receive_gap()));
          pauses.lines.push_back(static_cast<double>(last.lines));
        }
      } else {
        must(engine_->ship_soft_if_due(transport, clock_.now()), "soft lines");
      }
      if (const Nanos left = next - clock_.now(); left > 0ns) std::this_thread::sleep_for(left);
    }
  }

  // What the same number of scattered lines costs to copy, just written by the worker's core.
  double gather_us(std::size_t lines) const {
    std::vector<std::byte> to(lines * region::kLineBytes);
    const region::Root records = region_->root("sessions.0.records");
    const std::uint64_t stride = std::max<std::uint64_t>(records.bytes / region::kLineBytes / lines, 1);
    const Instant begin = clock_.now();
    for (std::size_t i = 0; i < lines; ++i)
      std::memcpy(to.data() + i * region::kLineBytes, records.data + i * stride % (records.bytes / 64) * 64,
                  64);
    return microseconds(clock_.now() - begin);
  }

 private:
  Status acknowledge(SocketTransport& transport) {
    return transport.receive_ack().and_then([&](const wire::Ack& ack) { return engine_->acknowledged(ack); });
  }
  static std::uint16_t port(const char* name) {
    std::uint16_t id = 0;
    if (rte_eth_dev_get_port_by_name(name, &id) != 0) std::exit(1);
    return id;
  }

  dataplane::Config config_;
  BootClock clock_;
  CommittedEpoch epochs_;
  TransmitPermit permit_;
  region::Layout layout_;
  std::unique_ptr<region::Region> region_;
  FlowSource inside_{FlowSource::Side::inside, kFlows};
  FlowSource outside_{FlowSource::Side::outside, kFlows};
  std::unique_ptr<dataplane::Dataplane> plane_;
  std::unique_ptr<trackers::BarrierTracker> tracker_;
  std::unique_ptr<engine::Engine> engine_;
  UniqueFd here_, there_;
  std::unique_ptr<LiveStandby> standby_;
};

int run(const std::string& out, unsigned repetitions) {
  dataplane::EalOptions eal;
  eal.memory_mib = 512;
  must(dataplane::init_eal(eal), "EAL");
  const double raw = raw_io_mpps(repetitions);
  Bench bench;
  bench.wait(BootClock{}.now() + kWindow);  // neighbours learned, flows established

  Measurement off{.id = "forward_mpps.off", .unit = "Mpps", .samples = {}, .higher_is_better = true};
  Measurement on{.id = "forward_mpps.on", .unit = "Mpps", .samples = {}, .higher_is_better = true};
  Measurement churn{.id = "forward_mpps.on_churn", .unit = "Mpps", .samples = {}, .higher_is_better = true};
  Bench::Pauses quiet, busy;
  bench.connect_standby();
  for (unsigned i = 0; i < repetitions; ++i) {  // side by side, so that a noisy minute spoils all three alike
    bench.new_flows_per_million(0);
    off.samples.push_back(bench.forwarded_mpps([&](Instant until) { bench.wait(until); }));
    on.samples.push_back(bench.forwarded_mpps([&](Instant until) { bench.checkpoint(until, quiet); }));
    bench.new_flows_per_million(10'000);
    churn.samples.push_back(bench.forwarded_mpps([&](Instant until) { bench.checkpoint(until, busy); }));
  }

  const double lines = percentile(busy.lines, 0.5);
  Measurement blackout{.id = "blackout_us", .unit = "us", .samples = busy.blackout_us};
  if (lines >= 1) blackout.bound = bench.gather_us(static_cast<std::size_t>(lines));
  blackout.note = "request to last worker resumed; the bound is a plain gather of as many lines";
  off.bound = raw;
  off.note = "established sessions, no checkpoints taken; the bound only receives and sends the same load";
  on.note = "established sessions, a live standby, 1 kHz: no hard line changes, so no blackout is due";
  on.bound = churn.bound = percentile(off.samples, 0.5);
  churn.note = "1 % of the inside's packets begin a session; 1 kHz checkpoints with a live standby";

  Report report("backbone");
  report.add(off);
  report.add(on);
  report.add(churn);
  report.add(blackout);
  busy.parts.add_to(report, "blackout_us");
  report.add({.id = "receive_gap_us",
              .unit = "us",
              .samples = busy.receive_gap_us,
              .note = "the worker's own view of the same pauses"});
  report.add({.id = "dirty_lines", .unit = "lines", .samples = busy.lines});
  report.print();
  must(report.write(out), "report");
  return 0;
}

}  // namespace
}  // namespace stillwater::bench

int main(int argc, char** argv) {
  CLI::App app{"bench_backbone: the pause of a checkpoint, and forwarding with checkpoints off and on"};
  std::string out = "backbone.json";
  unsigned repetitions = 5;
  app.add_option("--out", out, "report file (JSON)")->capture_default_str();
  app.add_option("--repetitions", repetitions, "seconds a figure, one a repetition")
      ->capture_default_str()
      ->check(CLI::Range(1, 60));
  CLI11_PARSE(app, argc, argv);
  return stillwater::bench::run(out, repetitions);
}
