// The router on one core, beside DPDK's own forwarder on the same kind of device: packets a second to random
// destinations, with tables of 100,000 and 1,000,000 routes; the cost of checkpoints; routes that change; the
// instructions that a packet takes, and where.
//
// Both run on the last core, in turns of a second: one rests, off the core, while the other forwards. What is
// compared, and what is not:
//   - The load is written by DPDK's receive callback on the worker's own thread (route_source.h): the headers
//     of every packet. That is in every figure of ours and in none of the peer's, whose packets are
//     written once.
//   - The peer looks nothing up, decides nothing and sends what one port received out of the other. `macswap`
//     writes one header; `5tswap` reads and writes those of three layers. Both write the line that the router
//     writes. Their rates do not depend on the length of a frame, since neither device copies one: the peer's
//     frames are of 64 octets always.
//   - net_null gives buffers that nobody wrote and frees what is sent: drivers cost next to nothing there, so
//     functions show. The same few buffers come again and again, and stay in the first level's cache.
//   - On net_ring packets move: each port is one ring, and receives what it sent. 512 packets circulate with
//     either program, in two rings of 1,024, in bursts of 32. The peer's stay 256 and 256, since it sends all
//     that one port received to the other. Ours leave through the port that their route says, at random: how
//     many lie in either ring drifts, and where one is nearly empty a burst is shorter.
#include <array>
#include <cstdio>
#include <map>
#include <optional>

#include <CLI/CLI.hpp>

#include "dataplane/control/eal.h"
#include "tests/bench/beside_testpmd.h"
#include "tests/bench/checkpointed.h"
#include "tests/bench/report.h"
#include "tests/bench/router_instructions.h"
#include "tests/bench/router_run.h"

namespace stillwater::bench {
namespace {

using dataplane::RouteChange;

// In turn: 7 of 64 octets, 4 of 570, 1 of 1518, each with its CRC.
const FrameBytes kImix{60, 60, 566, 60, 60, 566, 60, 1514, 60, 566, 60, 566};
const FrameBytes kShortest4{60};
const FrameBytes kShortest6{74};

constexpr std::array kDevices{Device::null, Device::ring};
constexpr std::array kPeerModes{"macswap", "5tswap"};

struct Options {
  std::string out = "router.json";
  unsigned repetitions = 5;
  bool hugepages = true;
  std::string only;
  std::string instructions;  // of a family: what runs under callgrind
};

// Figures without it are of net_null.
std::string suffix_of(Device device) { return device == Device::null ? "" : ".net_ring"; }

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options) {}

  void rates() {
    const Routes table100k = routes4(100'000, random_);
    const Routes table1m = routes4(1'000'000, random_);
    const Routes table6 = routes6(100'000, random_);
    for (const Device device : kDevices) {
      rate(device, "router_mpps_100k", table100k, kShortest4, 15);
      rate(device, "router_mpps_1M", table1m, kShortest4, 10);
      rate(device, "router6_mpps_100k", table6, kShortest6, 8);
      rate(device, "router_mpps_100k.imix", table100k, kImix, std::nullopt);
    }
  }

  void checkpoints() {
    const Routes table = routes4(100'000, random_);
    for (const Device device : kDevices) {
      checkpoint(device, "checkpoint_cost_percent", table, kShortest4, "64 octets");
      checkpoint(device, "checkpoint_cost_percent.imix", table, kImix, "IMIX");
    }
  }

  // Every route's next hop moves, batch by batch, while the worker forwards by the table.
  void changes() {
    Routes table = routes4(1'000'000, random_);
    RouterRun run(Device::null, table, kShortest4, random_);
    run.rest();
    const std::int64_t lost_before = run.received_and_not_sent();
    const auto drops_before = run.plane().plane().drops();
    std::vector<double> rates;
    for (unsigned i = 0; i < options_.repetitions; ++i) {
      run.wake();
      rates.push_back(change_for_a_second(run, table));
      run.rest();
    }
    report_.add({.id = "route_changes_per_s",
                 .unit = "1/s",
                 .samples = rates,
                 .target = 100'000,
                 .higher_is_better = true,
                 .note = "of 1,000,000 routes, in batches of 4,096, under load"});
    const std::int64_t lost = run.received_and_not_sent() - lost_before;
    report_.add(
        {.id = "route_changes_lost_packets",
         .unit = "packets",
         .samples = {static_cast<double>(lost)},
         .target = 0,
         .note = "received in all that time, and not sent when the worker rests: for whatever reason"});
    if (lost != 0) tell_drops(drops_before, run.plane().plane().drops());
  }

  void instructions() { add_instructions(report_, options_.out); }

  void finish() {
    report_.print();
    must(report_.write(options_.out), "report");
  }

 private:
  using Drops = std::map<std::string, std::uint64_t>;

  void rate(Device device, const std::string& name, const Routes& routes, const FrameBytes& frame_bytes,
            std::optional<double> target_on_null) {
    const std::string id = name + suffix_of(device);
    RouterRun run(device, routes, frame_bytes, random_);
    BesideTestpmd turns(id, device, {kPeerModes.begin(), kPeerModes.end()}, options_.hugepages);
    for (unsigned i = 0; i < options_.repetitions; ++i) turns.turn(run, [&] { return run.mpps(); });
    report_.add({.id = id,
                 .unit = "Mpps",
                 .samples = turns.mpps(),
                 .target = device == Device::null ? target_on_null : std::nullopt,
                 .higher_is_better = true});
    turns.add_to(report_);
  }

  void checkpoint(Device device, const std::string& name, const Routes& table, const FrameBytes& frame_bytes,
                  const std::string& load) {
    RouterRun run(device, table, frame_bytes, random_);
    run.plane().connect_standby();
    std::vector<double> cost;
    CheckpointedPlane::Pauses pauses;
    for (unsigned i = 0; i < options_.repetitions; ++i) {
      cost.push_back(run.checkpoint_cost_percent(pauses, CheckpointedPlane::Which::due));
      run.rest();
      run.wake();
    }
    report_.add({.id = name + suffix_of(device),
                 .unit = "%",
                 .samples = cost,
                 .target = 2,
                 .note = "100,000 routes, " + load + "; 1 kHz with a live standby beside none"});
  }

  double change_for_a_second(RouterRun& run, Routes& table) {
    constexpr std::size_t kBatch = 4096;
    const Clock& clock = run.plane().clock();
    const Instant begin = clock.now();
    std::size_t changed = 0;
    std::vector<RouteChange> batch(kBatch);
    while (clock.now() < begin + CheckpointedPlane::kWindow) {
      for (RouteChange& change : batch) {
        dataplane::RouteConfig& route = table[next_++ % table.size()];
        route.via = {{next_hop4(next_ % 2, random_())}};
        change = RouteChange{.route = route};
      }
      must(run.plane().plane().change_routes(batch), "routes");
      changed += batch.size();
    }
    return static_cast<double>(changed) / std::chrono::duration<double>(clock.now() - begin).count();
  }

  // By reason, but for those of the last 100 ms.
  static void tell_drops(const Drops& before, const Drops& after) {
    for (const auto& [reason, count] : after) {
      const auto known = before.find(reason);
      if (const std::uint64_t more = count - (known == before.end() ? 0 : known->second); more != 0)
        std::fprintf(stderr, "dropped while routes changed: %s %llu\n", reason.c_str(),
                     static_cast<unsigned long long>(more));
    }
  }

  Options options_;
  Report report_{"router"};
  Random random_;
  std::size_t next_ = 0;
};

int run(const Options& options) {
  if (!options.instructions.empty()) {
    forward_counted(options.instructions);
    return 0;
  }
  dataplane::EalOptions eal;
  eal.memory_mib = 2048;
  eal.hugepages = options.hugepages;
  if (options.only != "instructions") must(dataplane::init_eal(eal), "EAL");
  Bench bench(options);
  const auto wanted = [&](const char* part) { return options.only.empty() || options.only == part; };
  if (wanted("rates")) bench.rates();
  if (wanted("checkpoints")) bench.checkpoints();
  if (wanted("changes")) bench.changes();
  if (wanted("instructions")) bench.instructions();
  bench.finish();
  return 0;
}

}  // namespace
}  // namespace stillwater::bench

int main(int argc, char** argv) {
  CLI::App app{"bench_router: the router on one core, beside DPDK's own forwarder"};
  stillwater::bench::Options options;
  bool no_huge = false;
  app.add_option("--out", options.out, "report file (JSON)")->capture_default_str();
  app.add_option("--repetitions", options.repetitions, "seconds a figure, one a repetition")
      ->capture_default_str()
      ->check(CLI::Range(1, 60));
  app.add_option("--only", options.only, "one part of it")
      ->check(CLI::IsMember({"rates", "checkpoints", "changes", "instructions"}));
  app.add_option("--instructions", options.instructions,
                 "only forward a fixed load of this family, and count under callgrind: how the part of that "
                 "name runs itself")
      ->check(CLI::IsMember({"ipv4", "ipv6"}));
  app.add_flag("--no-huge", no_huge, "without hugepages, which need `sysctl vm.nr_hugepages=1280` before");
  CLI11_PARSE(app, argc, argv);
  options.hugepages = !no_huge;
  return stillwater::bench::run(options);
}
