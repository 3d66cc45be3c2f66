#include "tests/bench/agent_overhead.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "base/clock.h"
#include "dataplane/control/port.h"
#include "quiesce/handover_ring.h"
#include "quiesce/interface_agent.h"
#include "quiesce/plugin/agent.h"
#include "quiesce/worker_barrier.h"
#include "tests/bench/instructions.h"

namespace stillwater::bench {
namespace {

constexpr std::uint16_t kBurst = 32;
constexpr unsigned kTurns = 2'000;  // some 0.5 ms: most runs are not interrupted
constexpr unsigned kComparisons = 601;
constexpr unsigned kHandoverRuns = 41;
constexpr unsigned kCountedTurns = 50;

// One turn of a packet function's loop, at its barest. Not inlined: both run as two functions of one program.
[[gnu::noinline]] void forward_raw(std::uint16_t port, unsigned turns) {
  rte_mbuf* packets[kBurst];
  for (unsigned i = 0; i < turns; ++i) {
    const std::uint16_t n = rte_eth_rx_burst(port, 0, packets, kBurst);
    rte_eth_tx_burst(port, 0, packets, n);
  }
}

[[gnu::noinline]] void forward_by_agent(quiesce::InterfaceAgent& agent, std::uint16_t port, unsigned turns) {
  rte_mbuf* packets[kBurst];
  for (unsigned i = 0; i < turns; ++i) {
    const std::uint16_t n = agent.rx_burst(port, 0, packets, kBurst);
    agent.tx_burst(port, 0, packets, n);
    agent.at_boundary();
  }
}

template <class Forward>
double nanoseconds_of(const Forward& forward) {
  const BootClock clock;
  const Instant begin = clock.now();
  forward();
  return static_cast<double>((clock.now() - begin).count());
}

void need(bool done, const char* what) {
  if (done) return;
  std::fprintf(stderr, "agent overhead: cannot %s\n", what);
  std::exit(1);
}

void add_instructions(Report& report, const std::string& driver, quiesce::InterfaceAgent& agent,
                      std::uint16_t port) {
  const auto raw = count_instructions([&] { forward_raw(port, kCountedTurns); });
  const auto through = count_instructions([&] { forward_by_agent(agent, port, kCountedTurns); });
  if (!raw || !through) {
    std::fprintf(stderr, "instructions not counted: %s\n", (raw ? through : raw).error().message.c_str());
    return;
  }
  constexpr double kPackets = kCountedTurns * kBurst;
  report.add({.id = "instructions_a_packet." + driver,
              .unit = "instructions",
              .samples = {static_cast<double>(*through) / kPackets},
              .bound = static_cast<double>(*raw) / kPackets,
              .note = "received and sent in bursts of 32, through the agent; the bound is raw calls"});
}

// The port's burst functions as the driver has them and as the plug-in wraps them, to be exchanged at will.
class PluggedPort {
 public:
  PluggedPort(quiesce::plugin::Agent& plugin, std::uint16_t port) : ops_(rte_eth_fp_ops[port]) {
    const struct rte_eth_fp_ops bare = ops_;
    // A quiesce wraps the port, whether or not it comes to its indication.
    if (plugin.quiesce({}).has_value()) (void)plugin.resume();
    receive_[0] = bare.rx_pkt_burst;
    transmit_[0] = bare.tx_pkt_burst;
    receive_[1] = ops_.rx_pkt_burst;
    transmit_[1] = ops_.tx_pkt_burst;
    need(receive_[0] != receive_[1], "wrap the port");
    plug(false);
  }
  void plug(bool in) {
    ops_.rx_pkt_burst = receive_[in ? 1 : 0];
    ops_.tx_pkt_burst = transmit_[in ? 1 : 0];
  }

 private:
  struct rte_eth_fp_ops& ops_;
  eth_rx_burst_t receive_[2];
  eth_tx_burst_t transmit_[2];
};

// Raw, agent, raw, plug-in, by turns: the second raw run says what the machine's noise makes of equal code.
void add_times(Report& report, const std::string& driver, quiesce::InterfaceAgent& agent,
               PluggedPort& plugged, std::uint16_t port) {
  Measurement overhead{.id = "agent_overhead_percent." + driver, .unit = "%", .samples = {}};
  Measurement plugin{.id = "plugin_overhead_percent." + driver, .unit = "%", .samples = {}};
  Measurement noise{.id = "agent_overhead_percent." + driver + ".a_a", .unit = "%", .samples = {}};
  const auto raw_time = [&] { return nanoseconds_of([&] { forward_raw(port, kTurns); }); };
  const auto above = [](double time, double base) { return (time / base - 1) * 100; };
  for (unsigned i = 0; i < kComparisons; ++i) {
    const double first = raw_time();
    const double through = nanoseconds_of([&] { forward_by_agent(agent, port, kTurns); });
    const double second = raw_time();
    plugged.plug(true);
    const double wrapped = raw_time();
    plugged.plug(false);
    overhead.samples.push_back(above(through, (first + second) / 2));
    plugin.samples.push_back(above(wrapped, (first + second) / 2));
    noise.samples.push_back(above(second, first));
  }
  overhead.target = std::max(1.0, percentile(noise.samples, 0.95));
  overhead.note =
      "bursts of 32 received and sent through the agent, beside raw calls just before and after; the target "
      "is 1, or what one of 20 comparisons of raw calls with raw calls exceeds";
  plugin.note = "the same for raw calls to a port that the plug-in for unmodified programs has wrapped";
  noise.note = "the same between two runs of the raw calls: what noise alone amounts to";
  report.add(overhead);
  report.add(plugin);
  report.add(noise);
}

void add_handover(Report& report, rte_mempool* pool) {
  constexpr unsigned kHandovers = 100'000;
  auto ring = quiesce::HandoverRing::create("bench", 511);
  need(ring.has_value(), "allocate a ring");
  rte_mbuf* packets[kBurst];
  need(rte_pktmbuf_alloc_bulk(pool, packets, kBurst) == 0, "allocate a burst");
  const auto hand_over = [&] {
    for (unsigned n = 0; n < kHandovers; ++n)
      if ((*ring)->put(packets, kBurst) == kBurst) (void)(*ring)->take(packets, kBurst);
  };
  Measurement cost{.id = "handover_ns_a_packet", .unit = "ns", .samples = {}};
  for (unsigned i = 0; i < kHandoverRuns; ++i)
    cost.samples.push_back(nanoseconds_of(hand_over) / (kHandovers * kBurst));
  cost.note =
      "into a ring between workers and out of it in bursts of 32, on one core; between cores its cache "
      "lines move as well";
  report.add(cost);
  rte_pktmbuf_free_bulk(packets, kBurst);
}

void measure(Report& report, const std::string& driver, quiesce::plugin::Agent& plugin, std::uint16_t port) {
  const BootClock clock;
  quiesce::WorkerBarrier barrier(1, clock);
  barrier.resume();
  quiesce::InterfaceAgent agent(barrier.gate(0), {{port, 0}});
  forward_raw(port, kTurns);
  forward_by_agent(agent, port, kTurns);
  PluggedPort plugged(plugin, port);
  add_times(report, driver, agent, plugged, port);
  add_instructions(report, driver, agent, port);
}

}  // namespace

void add_agent_overhead(Report& report) {
  rte_mempool* pool =
      rte_pktmbuf_pool_create("overhead", 4095, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
  need(pool != nullptr, "allocate packet buffers");
  // Never destroyed, and made while no port is started: see its header.
  static const BootClock clock;
  auto& plugin = *new quiesce::plugin::Agent(clock);
  add_handover(report, pool);
  {
    dataplane::PortConfig config;
    config.name = config.device = "net_null7";
    auto null_port = dataplane::Port::open(config, 1, pool);
    need(null_port && (*null_port)->start(), "open net_null");
    measure(report, "net_null", plugin, (*null_port)->dpdk_id());
  }
  // One ring both ways: what is sent is received again, so that a full burst always waits.
  rte_ring* ring =
      rte_ring_create("overhead", 256, static_cast<int>(SOCKET_ID_ANY), RING_F_SP_ENQ | RING_F_SC_DEQ);
  need(ring != nullptr, "allocate a ring");
  const int id = rte_eth_from_ring(ring);
  need(id >= 0, "open net_ring");
  const auto port = static_cast<std::uint16_t>(id);
  const rte_eth_conf conf{};
  need(rte_eth_dev_configure(port, 1, 1, &conf) == 0 &&
           rte_eth_rx_queue_setup(port, 0, 64, SOCKET_ID_ANY, nullptr, pool) == 0 &&
           rte_eth_tx_queue_setup(port, 0, 64, SOCKET_ID_ANY, nullptr) == 0 && rte_eth_dev_start(port) == 0,
       "start net_ring");
  for (unsigned i = 0; i < 4 * kBurst; ++i) rte_ring_enqueue(ring, rte_pktmbuf_alloc(pool));
  measure(report, "net_ring", plugin, port);
}

}  // namespace stillwater::bench
