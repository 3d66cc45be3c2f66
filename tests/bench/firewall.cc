// The firewall on one core, beside DPDK's own forwarder on the same kind of device: packets of established
// sessions, sessions that begin and end, many rules, the cost of checkpoints, the instructions of the session
// path; and beside the kernel's source NAT, over links between namespaces.
//
// Source NAT and the tracking of TCP are on everywhere. How turns are taken with the peer, and what net_null
// and net_ring are: the head of router.cc. What is particular here:
//   - Established sessions lie in the table from the start; each has its turn once a round, in random order,
//   on
//     either side, and its sequence numbers go on (session_source.h). The load reads its tuples one after the
//     other; the firewall finds theirs at random.
//   - New sessions are connections that a server refuses (refused_connections.h): a SYN opens the session, a
//     RST closes it, and the next SYN of that client port ends it, which gives its NAT port back, and opens
//     another. A session is counted when its client has heard of its end: two packets each. The table holds
//     16,384 at most.
//   - Where packets wait for commits, more of them have to be under way: 8,192, in both kinds of device, of
//     which the peer has 512 as always.
//   - Of many rules the last one matches, and all others nearly do (firewall_network.h).
#include <array>
#include <cstdio>
#include <fstream>
#include <optional>

#include <CLI/CLI.hpp>

#include "dataplane/control/eal.h"
#include "tests/bench/beside_testpmd.h"
#include "tests/bench/checkpointed.h"
#include "tests/bench/firewall_instructions.h"
#include "tests/bench/firewall_run.h"
#include "tests/bench/report.h"
#include "tests/bench/veth_nat.h"
#include "tests/rig/process/interrupts.h"

namespace stillwater::bench {
namespace {

constexpr std::array kDevices{Device::null, Device::ring};
constexpr std::uint32_t kInFlight = LoadPorts::kCirculating;
constexpr std::uint32_t kInFlightHeld = 8192;
constexpr std::uint32_t kMillion = 1'000'000;
constexpr std::uint32_t kMemoryMib = 1024;
constexpr std::uint32_t kPeerMemoryMib = 256;

struct Options {
  std::string out = "firewall.json";
  unsigned repetitions = 5;
  bool hugepages = true;
  std::string only;
  std::string instructions;  // the load that runs under callgrind
  std::string veth_gateway;  // the driver of a gateway between namespaces
};

// Figures without it are of net_null.
std::string suffix_of(Device device) { return device == Device::null ? "" : ".net_ring"; }

// Of the default size that nobody has taken.
std::uint64_t free_hugepages_mib() {
  std::ifstream file("/proc/meminfo");
  std::uint64_t pages = 0, kib = 0;
  for (std::string word; file >> word;) {
    if (word == "HugePages_Free:") file >> pages;
    if (word == "Hugepagesize:") file >> kib;
  }
  return pages * kib / 1024;
}

class Bench {
 public:
  Bench(const Options& options, rig::Interrupts& interrupts) : options_(options), interrupts_(interrupts) {}

  void tell_memory() {
    report_.add({.id = "hugepages",
                 .unit = "MiB",
                 .samples = {options_.hugepages ? double{kMemoryMib} : 0},
                 .note = options_.hugepages
                             ? "packet buffers lie in them, ours and the peer's"
                             : "packet buffers lie in ordinary pages, ours and the peer's: there "
                               "are not enough hugepages, or they are not wanted"});
  }

  void rates() {
    for (const Device device : kDevices) {
      rate(device, "firewall_mpps_100k", 100'000, 8);
      rate(device, "firewall_mpps_1M", kMillion, 5);
    }
  }

  void opening() {
    for (const Device device : kDevices) {
      opened(device, "new_sessions_per_s", {}, 1'000'000);
      opened_and_held(device, "new_sessions_per_s.on", 500'000);
    }
  }

  void rules() {
    const Rules rules = rules_with_a_late_match(10'000);
    for (const Device device : kDevices) opened(device, "rules_10k_first_packets_per_s", rules, 300'000);
  }

  void checkpoints() {
    for (const Device device : kDevices) {
      if (interrupts_.happened()) return;
      EstablishedRun run(device, kMillion, random_);
      run.plane().connect_standby();
      const std::string id = "checkpoint_cost_percent" + suffix_of(device);
      std::vector<double> each, due;
      CheckpointedPlane::Pauses of_each, of_due;
      for (unsigned i = 0; goes_on(i); ++i) {
        each.push_back(run.checkpoint_cost_percent(of_each, CheckpointedPlane::Which::each));
        due.push_back(run.checkpoint_cost_percent(of_due, CheckpointedPlane::Which::due));
        run.rest();
        run.wake();
      }
      add({.id = id,
           .unit = "%",
           .samples = each,
           .target = 3,
           .note =
               "the load of firewall_mpps_1M; a checkpoint every millisecond with a live standby, whether "
               "anything hard changed or not, beside none"});
      add({.id = id + ".as_due",
           .unit = "%",
           .samples = due,
           .note = "the same, but only what the policy finds due, asked every millisecond"});
      add_checkpoints(id, of_each, static_cast<double>(each.size()));
    }
  }

  void kernel() { add_veth_nat(report_, options_.repetitions, interrupts_, options_.out); }

  void instructions() { add_session_instructions(report_, options_.out); }

  void finish() {
    report_.print();
    must(report_.write(options_.out), "report");
  }

 private:
  [[nodiscard]] bool goes_on(unsigned done) { return done < options_.repetitions && !interrupts_.happened(); }

  // Unless it was interrupted before there was any.
  void add(Measurement measurement) {
    if (!measurement.samples.empty()) report_.add(std::move(measurement));
  }

  void rate(Device device, const std::string& name, std::uint32_t sessions, double target_on_null) {
    if (interrupts_.happened()) return;
    const std::string id = name + suffix_of(device);
    std::fprintf(stderr, "%s ...\n", id.c_str());
    EstablishedRun run(device, sessions, random_);
    BesideTestpmd turns(id, device, {"5tswap"}, options_.hugepages);
    for (unsigned i = 0; goes_on(i); ++i) turns.turn(run, [&] { return run.mpps(); });
    add({.id = id,
         .unit = "Mpps",
         .samples = turns.mpps(),
         .target = on_null(device, target_on_null),
         .higher_is_better = true,
         .note = std::to_string(sessions) + " established TCP sessions, both directions, in random order"});
    turns.add_to(report_);
  }

  static std::optional<double> on_null(Device device, double target) {
    return device == Device::null ? std::optional(target) : std::nullopt;
  }

  // Without checkpoints.
  void opened(Device device, const std::string& name, const Rules& rules, double target_on_null) {
    if (interrupts_.happened()) return;
    OpeningRun run(device, rules, kInFlight);
    measure_opening(device, name, run, nullptr, on_null(device, target_on_null),
                    rules.empty() ? "no checkpoints"
                                  : "no checkpoints; the whole path of a session's packets, with " +
                                        std::to_string(rules.size()) + " rules of which the last matches");
  }

  void opened_and_held(Device device, const std::string& name, double target_on_null) {
    if (interrupts_.happened()) return;
    OpeningRun run(device, {}, kInFlightHeld);
    run.plane().connect_standby();
    CheckpointedPlane::Pauses pauses;
    const std::size_t windows =
        measure_opening(device, name, run, &pauses, on_null(device, target_on_null),
                        "1 kHz with a live standby, new-state: each packet of them waits for its commit");
    add_checkpoints(name + suffix_of(device), pauses, static_cast<double>(windows));
  }

  std::size_t measure_opening(Device device, const std::string& name, OpeningRun& run,
                              CheckpointedPlane::Pauses* pauses, std::optional<double> target,
                              const std::string& note) {
    const std::string id = name + suffix_of(device);
    std::fprintf(stderr, "%s ...\n", id.c_str());
    BesideTestpmd turns(id, device, {"5tswap"}, options_.hugepages);
    std::vector<double> per_s, lost, wrong;
    for (unsigned i = 0; goes_on(i); ++i)
      turns.turn(run, [&] {
        const OpeningRun::Opened window = run.open_for_a_window(pauses);
        per_s.push_back(window.sessions_per_s);
        lost.push_back(window.lost);
        wrong.push_back(static_cast<double>(window.wrong));
        return window.mpps;
      });
    add({.id = id,
         .unit = "1/s",
         .samples = per_s,
         .target = target,
         .higher_is_better = true,
         .note = "opened with source NAT and ended again: " + note});
    turns.add_to(report_, "the packets of it, two a session");
    add({.id = id + ".lost_connections",
         .unit = "connections",
         .samples = lost,
         .target = 0,
         .note = "of which a packet did not come out, at the end of each second"});
    add({.id = id + ".wrong_packets",
         .unit = "packets",
         .samples = wrong,
         .target = 0,
         .note = "that left before their commit, untranslated or twice"});
    return per_s.size();
  }

  void add_checkpoints(const std::string& id, const CheckpointedPlane::Pauses& pauses, double windows) {
    if (windows == 0) return;
    add({.id = id + ".checkpoints",
         .unit = "1/s",
         .samples = {static_cast<double>(pauses.checkpoints) / windows}});
    add({.id = id + ".hard_lines",
         .unit = "lines",
         .samples = pauses.lines,
         .note = "dirty, of each checkpoint"});
    add({.id = id + ".soft_lines",
         .unit = "lines",
         .samples = pauses.soft_lines,
         .note = "written since the checkpoint before, of each"});
    add({.id = id + ".blackout_us", .unit = "us", .samples = pauses.blackout_us});
  }

  Options options_;
  rig::Interrupts& interrupts_;
  Report report_{"firewall"};
  Random random_;
};

int run(Options options) {
  if (!options.instructions.empty()) {
    forward_sessions_counted(options.instructions);
    return 0;
  }
  if (!options.veth_gateway.empty()) be_veth_gateway(options.veth_gateway);
  rig::Interrupts interrupts;  // before any thread
  const auto wanted = [&](const char* part) {
    const bool yes = (options.only.empty() || options.only == part) && !interrupts.happened();
    if (yes) std::fprintf(stderr, "%s ...\n", part);
    return yes;
  };
  options.hugepages = options.hugepages && free_hugepages_mib() >= kMemoryMib + kPeerMemoryMib;
  const bool forwards_here = options.only != "instructions" && options.only != "kernel";
  if (forwards_here) {
    dataplane::EalOptions eal;
    eal.memory_mib = kMemoryMib;
    eal.hugepages = options.hugepages;
    must(dataplane::init_eal(eal), "EAL");
  }
  Bench bench(options, interrupts);
  if (forwards_here) bench.tell_memory();
  if (wanted("rates")) bench.rates();
  if (wanted("opening")) bench.opening();
  if (wanted("rules")) bench.rules();
  if (wanted("checkpoints")) bench.checkpoints();
  if (wanted("kernel")) bench.kernel();
  if (wanted("instructions")) bench.instructions();
  bench.finish();
  return interrupts.happened() ? 130 : 0;
}

}  // namespace
}  // namespace stillwater::bench

int main(int argc, char** argv) {
  CLI::App app{"bench_firewall: the firewall on one core, beside DPDK's own forwarder"};
  stillwater::bench::Options options;
  bool no_huge = false;
  app.add_option("--out", options.out, "report file (JSON)")->capture_default_str();
  app.add_option("--repetitions", options.repetitions, "seconds a figure, one a repetition")
      ->capture_default_str()
      ->check(CLI::Range(1, 60));
  app.add_option("--only", options.only, "one part of it")
      ->check(CLI::IsMember({"rates", "opening", "rules", "checkpoints", "kernel", "instructions"}));
  app.add_option("--instructions", options.instructions,
                 "only forward this load, and count under callgrind: how the part of that name runs itself")
      ->check(CLI::IsMember({"established", "opening"}));
  app.add_option("--veth-gateway", options.veth_gateway,
                 "only forward between interfaces in0 and out0 by this driver, until killed: what the part "
                 "\"kernel\" runs itself")
      ->check(CLI::IsMember({"net_af_packet", "net_af_xdp"}));
  app.add_flag("--no-huge", no_huge, "without hugepages, which are used where there are 1,280 MiB of them");
  CLI11_PARSE(app, argc, argv);
  options.hugepages = !no_huge;
  return stillwater::bench::run(options);
}
