#include "tests/rig/cli/commands.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "tests/rig/bench/figures.h"
#include "tests/rig/bench/results.h"
#include "tests/rig/faults/catalogue.h"
#include "tests/rig/matrix/matrix_run.h"
#include "tests/rig/process/interrupts.h"
#include "tests/rig/report/json.h"
#include "tests/rig/report/report.h"
#include "tests/rig/report/table.h"
#include "tests/rig/run/preflight.h"
#include "tests/rig/run/series.h"
#include "tests/rig/scenario/library.h"

namespace stillwater::rig {
namespace {

struct Listed {
  std::string name;
  std::string about;
};

void print_list(const std::string& title, const std::vector<Listed>& entries) {
  constexpr std::size_t kNameWidth = 26;
  std::printf("%s\n", title.c_str());
  for (const Listed& entry : entries) {
    // A name that is too long for its column has a line of its own.
    const bool fits = entry.name.size() <= kNameWidth;
    if (!fits) std::printf("  %s\n", entry.name.c_str());
    std::printf("  %-*s %s\n", static_cast<int>(kNameWidth), fits ? entry.name.c_str() : "",
                entry.about.c_str());
  }
}

nlohmann::ordered_json json_of(const std::vector<Listed>& entries) {
  auto json = nlohmann::ordered_json::array();
  for (const Listed& entry : entries) json.push_back({{"name", entry.name}, {"about", entry.about}});
  return json;
}

// A scenario with a mistake is listed with it: that is the place to see it.
std::vector<Listed> scenarios_in(const std::string& folder, const Known& known) {
  std::vector<Listed> entries;
  for (const std::string& file : scenario_files(folder)) {
    const auto scenario = load_scenario(file, folder, known);
    entries.push_back(
        {std::filesystem::path(file).stem(), scenario ? scenario->about : scenario.error().message});
  }
  return entries;
}

void print(const Document& document, bool json) {
  const std::string text = json ? to_json(document) : to_table(document);
  std::printf("%s", text.c_str());
}

bool all_measured(const Document& document) {
  return std::all_of(document.runs.begin(), document.runs.end(),
                     [](const RunRecord& run) { return run.failure.empty() || run.impossible; });
}

Exit exit_of(const Document& document, Act act) {
  if (document.interrupted) return Exit::interrupted;
  const bool compares = act == Act::compare || act == Act::bench;
  const bool good = compares ? all_measured(document) : document.good();
  return good ? Exit::good : Exit::bad;
}

Exit say(const Error& error, Exit exit) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return exit;
}

SystemOptions system_options(const Options& options, const Scenario& scenario) {
  SystemOptions system = options.system;
  system.own = scenario.own_systems;
  system.security = scenario.security;
  return system;
}

Result<Scenario> wanted(const Options& options) {
  auto scenario = load_scenario(options.scenario, options.scenarios, known_names(options.system));
  if (!scenario) return scenario;
  const Known known = known_names(system_options(options, *scenario));
  if (Status applied = apply(options.overrides, known, *scenario); !applied) {
    return tl::unexpected(applied.error());
  }
  return scenario;
}

Result<Scenario> wanted_bench(const Options& options) {
  const std::string name = options.control_minutes ? kBenchControl : kBenchScenario;
  auto scenario = load_scenario(name, options.scenarios, known_names(options.system));
  if (!scenario) return scenario;
  if (options.control_minutes) {
    scenario->load.before = std::chrono::minutes(*options.control_minutes);
    scenario->repetitions = options.bench.repetitions.value_or(scenario->repetitions);
  } else if (Status chosen = choose(options.bench, *scenario); !chosen) {
    return tl::unexpected(chosen.error());
  }
  const Known known = known_names(system_options(options, *scenario));
  Overrides overrides;
  overrides.security = options.overrides.security;
  overrides.keep_captures = options.overrides.keep_captures;
  if (Status applied = apply(overrides, known, *scenario); !applied) return tl::unexpected(applied.error());
  return scenario;
}

// All repetitions, with the report written after each. failed_precondition: what stands in the way, before
// anything was started; io: the report cannot be written.
Result<Document> measure(const Scenario& scenario, const SystemOptions& system, Interrupts& interrupts) {
  if (const auto found = obstacles(scenario, system); !found.empty()) {
    return fail(Errc::failed_precondition, fmt::format("cannot run: {}", fmt::join(found, "\ncannot run: ")));
  }
  Status written;
  const auto keep = [&](const Document& document) { written = write_report(document, system.out); };
  Document document = run_series(scenario, system, interrupts, keep);
  if (document.interrupted) std::fprintf(stderr, "interrupted; everything was removed\n");
  if (!document.runs.empty()) keep(document);
  if (!written) return tl::unexpected(written.error());
  return document;
}

Exit exit_of(const Error& of_measuring) {
  return of_measuring.code == Errc::failed_precondition ? Exit::cannot_run : Exit::bad;
}

void say_where(const std::string& out) {
  std::printf("report: %s/report.json, report.xml, report.html\n", out.c_str());
}

// Empty: it cannot be read.
std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What was asked for, but for seed and length.
std::string command_of(const Options& options) {
  const Overrides& overrides = options.overrides;
  std::string command = "stillwater-rig matrix " + options.scenario;
  if (!overrides.systems.empty()) command += " --system " + overrides.systems.front();
  if (!overrides.faults.empty()) command += fmt::format(" --faults {}", fmt::join(overrides.faults, ","));
  return command;
}

std::vector<std::string> matrix_obstacles(const Scenario& scenario, const SystemOptions& options) {
  const auto system = make_system(scenario.systems.front(), options);
  if (!system) return {system.error().message};
  std::vector<std::string> found = not_for_a_matrix(scenario, **system);
  return found.empty() ? obstacles(scenario, options) : found;
}

}  // namespace

Exit list(const Options& options) {
  std::vector<Listed> systems;
  for (const SystemEntry& entry : list_systems(options.system)) systems.push_back({entry.name, entry.help});
  std::vector<Listed> faults{{"none", "no fault: what the rig itself loses"}};
  for (const FaultEntry& entry : list_faults()) {
    const std::string argument = entry.argument.empty() ? "" : "[:" + entry.argument + "]";
    faults.push_back({entry.name + argument, entry.help});
  }
  const auto scenarios = scenarios_in(options.scenarios, known_names(options.system));
  if (options.json) {
    const nlohmann::ordered_json json{
        {"scenarios", json_of(scenarios)}, {"systems", json_of(systems)}, {"faults", json_of(faults)}};
    std::printf("%s\n", json.dump(1).c_str());
    return Exit::good;
  }
  print_list("scenarios", scenarios);
  print_list("systems", systems);
  print_list("faults (several: A + B@20ms)", faults);
  return Exit::good;
}

Exit run(const Options& options) {
  Interrupts interrupts;
  const auto scenario = wanted(options);
  if (!scenario) return say(scenario.error(), Exit::cannot_run);
  const SystemOptions system = system_options(options, *scenario);
  const auto document = measure(*scenario, system, interrupts);
  if (!document) return say(document.error(), exit_of(document.error()));
  if (document->runs.empty()) return exit_of(*document, options.act);
  print(*document, options.json);
  if (!options.json) say_where(system.out);
  return exit_of(*document, options.act);
}

Exit bench(const Options& options) {
  Interrupts interrupts;
  const auto scenario = wanted_bench(options);
  if (!scenario)
    return say(scenario.error(),
               scenario.error().code == Errc::invalid_argument ? Exit::usage : Exit::cannot_run);
  SystemOptions system = system_options(options, *scenario);
  const std::string results = system.out + "/failover.json";
  system.out += "/" + scenario->name;
  const auto document = measure(*scenario, system, interrupts);
  if (!document) return say(document.error(), exit_of(document.error()));
  if (document->runs.empty()) return exit_of(*document, options.act);
  const std::vector<BenchRow> rows = bench_rows(*document);
  const std::string json = to_json(rows, document->started, text_of(results));
  std::printf("%s", options.json ? json.c_str() : (to_table(*document) + to_table(rows)).c_str());
  if (!options.json) say_where(system.out);
  if (document->interrupted) {
    std::fprintf(stderr, "%s is left as it was\n", results.c_str());
    return Exit::interrupted;
  }
  if (Status written = write_file(results, json); !written) return say(written.error(), Exit::bad);
  if (!options.json) std::printf("figures: %s\n", results.c_str());
  return exit_of(*document, options.act);
}

Exit matrix(const Options& options) {
  Interrupts interrupts;
  auto scenario = wanted(options);
  if (!scenario) return say(scenario.error(), Exit::cannot_run);
  if (!options.overrides.seed) scenario->seed = std::random_device{}();
  const SystemOptions system = system_options(options, *scenario);
  if (std::vector<std::string> found = matrix_obstacles(*scenario, system); !found.empty()) {
    for (const std::string& obstacle : found) std::fprintf(stderr, "cannot run: %s\n", obstacle.c_str());
    return Exit::cannot_run;
  }
  // Lines are what is asked for, unless JSON is.
  std::FILE* const lines = options.json ? stderr : stdout;
  const auto print_line = [lines](const std::string& text) {
    std::fputs(text.c_str(), lines);
    std::fflush(lines);
  };
  print_line(fmt::format("seed {}\n", scenario->seed));
  MatrixRun run(*scenario, system, options.strikes, interrupts);
  Status written;
  const auto keep = [&](const MatrixReport& so_far) {
    written = write_file(system.out + "/matrix.json", to_json(so_far));
  };
  const MatrixReport report = run.run([&](const MatrixReport& so_far) {
    print_line(to_line(so_far.strikes.back()));
    keep(so_far);
  });
  keep(report);
  if (report.interrupted) std::fprintf(stderr, "interrupted; everything was removed\n");
  if (!report.good() && !report.interrupted) std::fprintf(stderr, "%s", run.logs().c_str());
  print_line(to_summary(report, command_of(options)));
  if (options.json) std::printf("%s", to_json(report).c_str());
  if (!written) return say(written.error(), Exit::bad);
  print_line(
      fmt::format("report: {0}/matrix.json; logs: {0}/active, {0}/standby, {0}/witness\n", system.out));
  if (report.interrupted) return Exit::interrupted;
  return report.good() ? Exit::good : Exit::bad;
}

Exit report(const Options& options) {
  std::ifstream file(options.file);
  if (!file) return say({Errc::io, options.file + " cannot be read"}, Exit::cannot_run);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto document = parse_report(text);
  if (!document)
    return say({Errc::corrupt, options.file + " is no report: " + document.error().message},
               Exit::cannot_run);
  print(*document, options.json);
  if (options.system.out.empty()) return Exit::good;
  std::error_code error;
  std::filesystem::create_directories(options.system.out, error);
  if (Status written = write_report(*document, options.system.out); !written) {
    return say(written.error(), Exit::bad);
  }
  return Exit::good;
}

}  // namespace stillwater::rig
