// What the output commit costs: the same firewall in each mode, side by side in one run, with a live standby
// in another process and checkpoints at 1 kHz or sooner where output waits.
//
// The worker runs on the last core with a load that takes no core; the engine and the standbys share the
// first.
#include <array>
#include <cstdio>

#include <CLI/CLI.hpp>

#include "base/thread.h"
#include "dataplane/control/eal.h"
#include "tests/bench/checkpointed.h"
#include "tests/bench/committed_firewall.h"
#include "tests/bench/report.h"

namespace stillwater::bench {
namespace {

using dataplane::OutputCommit;

struct Options {
  std::string out = "output_commit.json";
  unsigned repetitions = 5;
  double packets_per_s = 1e6;
  double new_per_s = 1'000;
};

// One column of the comparison.
struct Mode {
  const char* name;
  OutputCommit commit;
};
constexpr std::array<Mode, 3> kModes = {
    {{"none", OutputCommit::none}, {"new_state", OutputCommit::new_state}, {"all", OutputCommit::all}}};
enum : std::size_t { kNone, kNewState, kAll };

double p50(const std::vector<double>& samples) { return percentile(samples, 0.5); }
double p99(const std::vector<double>& samples) { return percentile(samples, 0.99); }

// What a mode adds to what `none` has, a sample a repetition, by the percentile `of`.
using Of = double (*)(const std::vector<double>&);
struct Runs {
  std::array<std::vector<WindowFigures>, kModes.size()> paced, saturated;
  std::vector<double> off_mpps;

  [[nodiscard]] std::vector<double> added(std::size_t mode, std::vector<double> Latencies::*what,
                                          Of of) const {
    std::vector<double> samples;
    for (std::size_t i = 0; i < paced[mode].size(); ++i)
      samples.push_back(of(paced[mode][i].latencies.*what) - of(paced[kNone][i].latencies.*what));
    return samples;
  }
  [[nodiscard]] std::vector<double> of_none(std::vector<double> Latencies::*what, Of of) const {
    std::vector<double> samples;
    for (const WindowFigures& window : paced[kNone]) samples.push_back(of(window.latencies.*what));
    return samples;
  }
  [[nodiscard]] std::vector<double> all_of(std::size_t mode, std::vector<double> WindowFigures::*what,
                                           bool is_paced) const {
    std::vector<double> samples;
    for (const WindowFigures& window : is_paced ? paced[mode] : saturated[mode])
      samples.insert(samples.end(), (window.*what).begin(), (window.*what).end());
    return samples;
  }
  [[nodiscard]] std::vector<double> ratios(std::size_t mode) const {
    std::vector<double> samples;
    for (std::size_t i = 0; i < off_mpps.size(); ++i)
      samples.push_back(saturated[mode][i].forwarded_mpps / off_mpps[i]);
    return samples;
  }
};

void add_latencies(Report& report, const Runs& runs) {
  const auto blackouts = runs.all_of(kNewState, &WindowFigures::blackout_us, true);
  report.add({.id = "established_added_us.p50",
              .unit = "us",
              .samples = runs.added(kNewState, &Latencies::established_us, p50),
              .target = 5,
              .note = "new-state above none, each from due to handed to the port"});
  report.add({.id = "established_added_us.p99",
              .unit = "us",
              .samples = runs.added(kNewState, &Latencies::established_us, p99),
              .bound = p50(blackouts),
              .target = 1,
              .note = "the bound is one blackout, the median of this run's"});
  report.add({.id = "new_session_added_us.p50",
              .unit = "us",
              .samples = runs.added(kNewState, &Latencies::new_session_us, p50),
              .target = 300,
              .note = "the first packet of a session, new-state above none"});
  report.add({.id = "new_session_added_us.p99",
              .unit = "us",
              .samples = runs.added(kNewState, &Latencies::new_session_us, p99),
              .target = 1500});
  for (const auto& [what, name] : {std::pair{&Latencies::established_us, "established"},
                                   std::pair{&Latencies::new_session_us, "new_session"}}) {
    report.add(
        {.id = std::string("none.") + name + "_us.p50", .unit = "us", .samples = runs.of_none(what, p50)});
    report.add(
        {.id = std::string("none.") + name + "_us.p99", .unit = "us", .samples = runs.of_none(what, p99)});
    report.add({.id = std::string("all.") + name + "_added_us.p50",
                .unit = "us",
                .samples = runs.added(kAll, what, p50)});
    report.add({.id = std::string("all.") + name + "_added_us.p99",
                .unit = "us",
                .samples = runs.added(kAll, what, p99)});
  }
}

void add_throughput(Report& report, const Runs& runs) {
  report.add({.id = "off.forwarded", .unit = "Mpps", .samples = runs.off_mpps, .higher_is_better = true});
  for (const std::size_t mode : {kNewState, kNone, kAll}) {
    Measurement ratio{
        .id = mode == kNewState ? "throughput_ratio" : std::string(kModes[mode].name) + ".throughput_ratio",
        .unit = "",
        .samples = runs.ratios(mode),
        .higher_is_better = true};
    if (mode == kNewState) ratio.target = 0.97;
    ratio.note = "of what is forwarded with checkpointing off, as many packets as the worker takes";
    report.add(ratio);
  }
}

void add_checkpoints(Report& report, const Runs& runs) {
  for (std::size_t mode = 0; mode < kModes.size(); ++mode)
    for (const bool is_paced : {true, false}) {
      const std::string id = std::string(kModes[mode].name) + (is_paced ? ".paced" : ".saturated");
      std::vector<double> rates;
      for (const WindowFigures& window : is_paced ? runs.paced[mode] : runs.saturated[mode])
        rates.push_back(static_cast<double>(window.lines.size()));
      report.add({.id = id + ".checkpoints", .unit = "1/s", .samples = rates});
      report.add({.id = id + ".dirty_lines",
                  .unit = "lines",
                  .samples = runs.all_of(mode, &WindowFigures::lines, is_paced)});
      report.add({.id = id + ".blackout_us",
                  .unit = "us",
                  .samples = runs.all_of(mode, &WindowFigures::blackout_us, is_paced)});
      report.add({.id = id + ".commit_us",
                  .unit = "us",
                  .samples = runs.all_of(mode, &WindowFigures::commit_us, is_paced)});
    }
}

int run(const Options& options) {
  std::vector<dataplane::Config> configs;
  std::vector<std::unique_ptr<StandbyProcess>> standbys;
  for (std::size_t i = 0; i < kModes.size(); ++i) {
    configs.push_back(CommittedFirewall::config(kModes[i].commit, static_cast<unsigned>(2 * i)));
    standbys.push_back(std::make_unique<StandbyProcess>(configs[i]));
  }
  must(dataplane::init_eal({.memory_mib = 1536}), "EAL");
  pin_this_thread_to_first_core();
  must(make_this_thread_realtime(20), "priority");
  std::vector<std::unique_ptr<CommittedFirewall>> firewalls;
  for (std::size_t i = 0; i < kModes.size(); ++i)
    firewalls.push_back(std::make_unique<CommittedFirewall>(configs[i], *standbys[i]));

  Runs runs;
  for (unsigned i = 0; i < options.repetitions; ++i) {  // side by side: a noisy minute spoils all alike
    std::fprintf(stderr, "repetition %u ...\n", i + 1);
    for (std::size_t mode = 0; mode < kModes.size(); ++mode)
      runs.paced[mode].push_back(firewalls[mode]->window(options.packets_per_s, options.new_per_s, true));
    runs.off_mpps.push_back(firewalls[kNone]->window(0, options.new_per_s, false).forwarded_mpps);
    for (std::size_t mode = 0; mode < kModes.size(); ++mode)
      runs.saturated[mode].push_back(firewalls[mode]->window(0, options.new_per_s, true));
  }

  firewalls.clear();
  while (!standbys.empty()) standbys.pop_back();  // later ones hold earlier ones' connections open

  Report report("output_commit");
  add_latencies(report, runs);
  add_throughput(report, runs);
  add_checkpoints(report, runs);
  report.print();
  must(report.write(options.out), "report");
  return 0;
}

}  // namespace
}  // namespace stillwater::bench

int main(int argc, char** argv) {
  CLI::App app{"bench_output_commit: what waiting for commits costs packets, mode beside mode"};
  stillwater::bench::Options options;
  app.add_option("--out", options.out, "report file (JSON)")->capture_default_str();
  app.add_option("--repetitions", options.repetitions, "repetitions, each eight seconds or so")
      ->capture_default_str()
      ->check(CLI::Range(1, 60));
  app.add_option("--packets", options.packets_per_s, "packets a second while latencies are measured")
      ->capture_default_str()
      ->check(CLI::Range(1e3, 1e7));
  app.add_option("--new", options.new_per_s, "new sessions a second")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
  CLI11_PARSE(app, argc, argv);
  return stillwater::bench::run(options);
}
