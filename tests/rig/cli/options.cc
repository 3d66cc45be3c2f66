#include "tests/rig/cli/options.h"

#include <filesystem>

#include <CLI/CLI.hpp>

#include "base/command_line/completion.h"
#include "tests/rig/cli/own_places.h"
#include "tests/rig/faults/schedule.h"

namespace stillwater::rig {
namespace {

constexpr const char* kAbout =
    "Puts HA pairs under load in network namespaces, breaks them, and says what the failure cost.\n"
    "Exit status: 0 good (of compare: everything was measured), 1 bad, 2 usage, 3 could not run,\n"
    "130 interrupted.";

Nanos duration_of(const std::string& text) {
  const auto duration = parse_duration(text);
  if (!duration) throw CLI::ValidationError("--duration", duration.error().message);
  return *duration;
}

void add_load(CLI::App& app, Overrides& overrides) {
  app.add_option("--seconds-before", overrides.seconds_before, "Steady load before the fault")
      ->check(CLI::Range(1, 3600));
  app.add_option("--seconds-after", overrides.seconds_after, "Load after the fault")
      ->check(CLI::Range(1, 3600));
  app.add_option("--connections", overrides.connections, "Long-lived TCP connections")
      ->check(CLI::Range(1, 50000));
  app.add_option("--probe-pps", overrides.probes_per_s, "UDP probes a second")->check(CLI::Range(1, 100000));
  app.add_option("--new-per-s", overrides.new_per_s, "New TCP connections a second; 0: none")
      ->check(CLI::Range(0, 800));
  app.add_option("--repetitions", overrides.repetitions, "Of each system under each fault")
      ->check(CLI::Range(1, 1000));
  app.add_option("--seed", overrides.seed, "Of the time at which each fault strikes");
}

void add_security(CLI::App& app, Overrides& overrides) {
  app.add_option("--security", overrides.security,
                 "Stillwater pairs as their files have it (configured), or with mutual TLS everywhere (tls)")
      ->check(CLI::IsMember({"configured", "tls"}));
}

void add_places(CLI::App& app, Options& options) {
  app.add_option(
      "--bin", options.bin,
      "Build folder with appliance/stillwaterd and mgmt/stillwaterctl (build/ if it has them, else "
      "the installed ones)");
  app.add_option("--out", options.system.out,
                 "Folder for the report, logs, configurations (in --bin, else stillwater-rig-out/)");
  app.add_flag("--pcap", options.overrides.keep_captures, "Keep what was captured, a file a bridge port");
  app.add_option("--configs", options.system.configs,
                 "Folder of the example configurations (those that came along)");
  app.add_option("--templates", options.system.templates,
                 "Folder of the other systems' configurations (as above)");
}

void add_common(CLI::App& app, Options& options) {
  app.add_option("--scenarios", options.scenarios, "Folder of scenarios (those that came along)");
  app.add_flag("--json", options.json, "Print JSON instead of a table");
}

void add_bench(CLI::App& app, Options& options) {
  CLI::App* bench = app.add_subcommand("bench",
                                       "What each failure costs, beside keepalived with conntrackd: the "
                                       "report in --out/bench-failover, its figures "
                                       "with bounds and targets in --out/failover.json");
  bench->callback([&options] { options.act = Act::bench; });
  CLI::Option* full =
      bench->add_flag("--full", options.bench.full, "Stillwater alone, 30 repetitions a fault");
  std::string names;
  for (const BenchFault& it : bench_faults()) names += (names.empty() ? "" : ", ") + std::string(it.name);
  CLI::Option* fault =
      bench->add_option("--fault", options.bench.faults, "Only this one: " + names + "; repeatable")
          ->allow_extra_args(false)
          ->type_name("NAME");
  bench->add_option("--repetitions", options.bench.repetitions, "Of each system under each fault (10)")
      ->check(CLI::Range(1, 1000));
  bench
      ->add_option("--control", options.control_minutes,
                   "No fault and both cores busy, so many minutes (30): false_failovers, into the same file")
      ->expected(0, 1)
      ->default_str("30")
      ->check(CLI::Range(1, 60))
      ->excludes(full)
      ->excludes(fault);
  add_security(*bench, options.overrides);
  add_places(*bench, options);
  add_common(*bench, options);
}

void describe(CLI::App& app, Options& options) {
  Overrides& overrides = options.overrides;
  app.require_subcommand(1);
  CLI::App* list = app.add_subcommand("list", "Scenarios, systems and faults");
  list->callback([&options] { options.act = Act::list; });
  add_common(*list, options);

  CLI::App* run = app.add_subcommand("run", "Run a scenario and judge it");
  run->callback([&options] { options.act = Act::run; });
  run->add_option("SCENARIO", options.scenario, "Name (see list) or file")->required();
  run->add_option("--system", overrides.systems, "Another system under test")->expected(1);
  run->add_option("--fault", overrides.faults, "Another fault")->expected(1);

  CLI::App* compare = app.add_subcommand("compare", "Run several systems side by side");
  compare->callback([&options] { options.act = Act::compare; });
  compare->add_option("SCENARIO", options.scenario, "Whose load and lists it is")->default_val("compare");
  compare->add_option("--systems", overrides.systems, "As A,B,C")->delimiter(',');
  compare->add_option("--faults", overrides.faults, "As A,B,C; A:x=1,y=2 is one")->delimiter(',');
  for (CLI::App* act : {run, compare}) {
    add_load(*act, overrides);
    add_security(*act, overrides);
    add_places(*act, options);
    add_common(*act, options);
  }

  CLI::App* matrix = app.add_subcommand("matrix", "Strike one live pair with two faults again and again");
  matrix->callback([&options] { options.act = Act::matrix; });
  matrix->add_option("SCENARIO", options.scenario, "Whose faults, load and bounds it is")
      ->default_val("matrix");
  matrix->add_option("--system", overrides.systems, "Another system under test")->expected(1);
  matrix->add_option("--faults", overrides.faults, "Another menu, as A,B,C")->delimiter(',');
  matrix->add_option("--seed", overrides.seed,
                     "Of the faults, their order and their times (any; it is shown)");
  matrix->add_option_function<std::string>(
      "--duration", [&overrides](const std::string& text) { overrides.duration = duration_of(text); },
      "How long, as 10m: no strike begins later (the scenario's)");
  matrix->add_option("--strikes", options.strikes, "So many at most")->check(CLI::Range(1, 1000000));
  add_security(*matrix, overrides);
  add_places(*matrix, options);
  add_common(*matrix, options);

  add_bench(app, options);

  CLI::App* report = app.add_subcommand("report", "Show a report.json; with --out, write its page and JUnit");
  report->callback([&options] { options.act = Act::report; });
  report->add_option("FILE", options.file, "A report.json")->required();
  report->add_option("--out", options.system.out, "Folder for report.html, report.xml, report.json");
  report->add_flag("--json", options.json, "Print JSON instead of a table");
}

void choose_places(Options& options, const OwnPlaces& own) {
  SystemOptions& system = options.system;
  if (options.bin.empty() && std::filesystem::exists("build/appliance/stillwaterd")) options.bin = "build";
  const bool built = !options.bin.empty();
  system.daemon = built ? options.bin + "/appliance/stillwaterd" : own.daemon;
  system.witness = built ? options.bin + "/mgmt/witness/stillwater-witness" : own.witness;
  system.client = built ? options.bin + "/mgmt/stillwaterctl" : own.client;
  const bool runs = options.act != Act::list && options.act != Act::report;
  if (system.out.empty() && runs) {
    const std::string name =
        options.act == Act::bench ? "bench" : std::filesystem::path(options.scenario).stem().string();
    system.out = (built ? options.bin : "stillwater-rig-out") + "/" + name;
  }
  for (std::string* path :
       {&system.daemon, &system.client, &system.witness, &system.out, &system.configs, &system.templates}) {
    if (!path->empty()) *path = std::filesystem::absolute(*path).lexically_normal();
  }
}

}  // namespace

bool parse_command_line(int argc, char** argv, Options& options, Exit& exit) {
  CLI::App app(kAbout, "stillwater-rig");
  std::error_code unknown;  // then its folder is the working one
  const OwnPlaces own = own_places(std::filesystem::read_symlink("/proc/self/exe", unknown));
  options.system.configs = own.configs;
  options.system.templates = own.templates;
  options.scenarios = own.scenarios;
  add_completion(app);
  app.set_version_flag("--version", "stillwater-rig " STILLWATER_VERSION);
  describe(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit = app.exit(error) == 0 ? Exit::good : Exit::usage;
    return false;
  }
  choose_places(options, own);
  return true;
}

Status apply(const Overrides& overrides, const Known& known, Scenario& scenario) {
  if (!overrides.systems.empty()) scenario.systems = overrides.systems;
  if (!overrides.faults.empty()) scenario.faults = joined_arguments(overrides.faults);
  LoadPlan& load = scenario.load;
  scenario.repetitions = overrides.repetitions.value_or(scenario.repetitions);
  scenario.seed = overrides.seed.value_or(scenario.seed);
  if (overrides.seconds_before) load.before = std::chrono::seconds(*overrides.seconds_before);
  if (overrides.seconds_after) load.after = std::chrono::seconds(*overrides.seconds_after);
  load.connections = overrides.connections.value_or(load.connections);
  load.probes_per_s = overrides.probes_per_s.value_or(load.probes_per_s);
  load.new_per_s = overrides.new_per_s.value_or(load.new_per_s);
  scenario.matrix.duration = overrides.duration.value_or(scenario.matrix.duration);
  scenario.keep_captures = overrides.keep_captures;
  if (overrides.security) {
    scenario.security = *overrides.security == "tls" ? Security::tls : Security::configured;
  }
  return check_names(scenario, known);
}

}  // namespace stillwater::rig
