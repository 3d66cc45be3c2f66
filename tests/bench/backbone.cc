// The price of the method on one worker: the pause of a checkpoint, and forwarding with checkpoints off and
// on.
//
// The worker runs on the last core with a load that takes no core (flow_source.h); the engine and a live
// standby (a real Receiver behind a socket) share the first.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <thread>

#include <sys/sysinfo.h>

#include <CLI/CLI.hpp>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "dataplane/control/eal.h"
#include "dataplane/control/port.h"
#include "dataplane/dataplane.h"
#include "tests/bench/checkpointed.h"
#include "tests/bench/checkpointed_plane.h"
#include "tests/bench/flow_source.h"
#include "tests/bench/network.h"
#include "tests/bench/report.h"

namespace stillwater::bench {
namespace {

constexpr std::uint32_t kFlows = 10'000;
constexpr Nanos kWindow = 1s;

dataplane::Config short_lived_firewall() {
  dataplane::Config config = translating_firewall(400'000);
  config.timeouts.udp_s = 10;
  return config;
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
    auto port = must(dataplane::Port::open(config, 1, pool), "raw port");
    sources[i].attach(port->dpdk_id());
    must(port->start(), "raw port");
    ports.push_back(std::move(port));
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

struct Bench {
  FlowSource inside{FlowSource::Side::inside, kFlows};
  FlowSource outside{FlowSource::Side::outside, kFlows};
  CheckpointedPlane plane{short_lived_firewall(), [this](CheckpointedPlane&) {
                            inside.attach(port_called("net_null0"));
                            outside.attach(port_called("net_null1"));
                          }};
};

// What the same number of scattered lines costs to copy, just written by the worker's core.
double gather_us(const CheckpointedPlane& plane, std::size_t lines) {
  std::vector<std::byte> to(lines * region::kLineBytes);
  const region::Root records = plane.region().root("sessions.0.records");
  const std::uint64_t stride = std::max<std::uint64_t>(records.bytes / region::kLineBytes / lines, 1);
  const Instant begin = plane.clock().now();
  for (std::size_t i = 0; i < lines; ++i)
    std::memcpy(to.data() + i * region::kLineBytes, records.data + i * stride % (records.bytes / 64) * 64,
                64);
  return microseconds(plane.clock().now() - begin);
}

int run(const std::string& out, unsigned repetitions) {
  dataplane::EalOptions eal;
  eal.memory_mib = 512;
  must(dataplane::init_eal(eal), "EAL");
  const double raw = raw_io_mpps(repetitions);
  Bench bench;
  bench.plane.wait(BootClock{}.now() + kWindow);  // neighbours learned, flows established

  Measurement off{.id = "forward_mpps.off", .unit = "Mpps", .samples = {}, .higher_is_better = true};
  Measurement on{.id = "forward_mpps.on", .unit = "Mpps", .samples = {}, .higher_is_better = true};
  Measurement churn{.id = "forward_mpps.on_churn", .unit = "Mpps", .samples = {}, .higher_is_better = true};
  CheckpointedPlane::Pauses quiet, busy;
  bench.plane.connect_standby();
  for (unsigned i = 0; i < repetitions; ++i) {  // side by side, so that a noisy minute spoils all three alike
    bench.inside.set_new_flows_per_million(0);
    off.samples.push_back(bench.plane.forwarded_mpps([&](Instant until) { bench.plane.wait(until); }));
    on.samples.push_back(
        bench.plane.forwarded_mpps([&](Instant until) { bench.plane.checkpoint(until, quiet); }));
    bench.inside.set_new_flows_per_million(10'000);
    churn.samples.push_back(
        bench.plane.forwarded_mpps([&](Instant until) { bench.plane.checkpoint(until, busy); }));
  }

  const double lines = percentile(busy.lines, 0.5);
  Measurement blackout{.id = "blackout_us", .unit = "us", .samples = busy.blackout_us};
  if (lines >= 1) blackout.bound = gather_us(bench.plane, static_cast<std::size_t>(lines));
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
