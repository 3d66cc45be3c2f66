#include "tests/rig/run/series.h"

#include <cctype>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <set>

#include <sys/utsname.h>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include "tests/rig/report/record.h"
#include "tests/rig/report/verdict.h"

namespace stillwater::rig {
namespace {

// Short: sockets are made below it, and their paths may hold 107 characters.
std::string folder_name(std::size_t index, const std::string& system, const std::string& fault) {
  std::string name = fmt::format("{:03}-{:.16}-{:.16}", index, system, fault);
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '-';
  }
  return name;
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(": ") + 2);
  }
  return "unknown processor";
}

std::string machine() {
  utsname kernel{};
  uname(&kernel);
  return fmt::format("{}, {} cores, {} {}", processor(), sysconf(_SC_NPROCESSORS_ONLN), kernel.sysname,
                     kernel.release);
}

Document empty_document(const Scenario& scenario) {
  Document document;
  document.scenario = scenario.name;
  document.about = scenario.about;
  document.started = fmt::format("{:%FT%TZ}", fmt::gmtime(std::time(nullptr)));
  document.machine = machine();
  document.seed = scenario.seed;
  document.connections = scenario.load.connections;
  document.probes_per_s = scenario.load.probes_per_s;
  document.new_per_s = scenario.load.new_per_s;
  document.seconds_before = std::chrono::duration<double>(scenario.load.before).count();
  document.seconds_after = std::chrono::duration<double>(scenario.load.after).count();
  document.outage_ms_at_most = scenario.outage_ms_at_most;
  document.repetitions = scenario.repetitions;
  return document;
}

RunRecord run_one(const RepetitionPlan& plan, Interrupts& interrupts) {
  std::error_code error;
  std::filesystem::create_directories(plan.options.out, error);
  const Instant begin = BootClock().now();
  Repetition repetition(plan, interrupts);
  const auto measured = repetition.run();
  RunRecord record;
  if (measured) {
    record = record_of(*measured, judge(*measured));
  } else {
    record.system = plan.system;
    record.fault = plan.fault;
    record.failure = measured.error().message;
    record.impossible = repetition.impossible();
  }
  record.repetition = plan.number;
  record.seconds = std::chrono::duration<double>(BootClock().now() - begin).count();
  if (!measured && !interrupts.happened()) {
    std::fprintf(stderr, "%s%s under %s failed: %s\n", repetition.logs().c_str(), plan.system.c_str(),
                 plan.fault.c_str(), record.failure.c_str());
  }
  return record;
}

// A full disk is that of a small file system of the node's own, which is made only where it is wanted.
SystemOptions options_for(const std::string& fault, SystemOptions options) {
  options.small_disks = fault.find("disk-full") != std::string::npos;
  return options;
}

}  // namespace

std::vector<RepetitionPlan> plan_series(const Scenario& scenario, const SystemOptions& options) {
  std::vector<RepetitionPlan> plans;
  const std::size_t total = scenario.repetitions * scenario.faults.size() * scenario.systems.size();
  for (std::uint32_t number = 1; number <= scenario.repetitions; ++number) {
    for (const std::string& fault : scenario.faults) {
      for (const std::string& system : scenario.systems) {
        RepetitionPlan plan{.system = system,
                            .fault = fault,
                            .number = number,
                            .load = scenario.load,
                            .outage_ms_at_most = scenario.outage_ms_at_most,
                            .seed = scenario.seed,
                            .keep_captures = scenario.keep_captures,
                            .options = options_for(fault, options),
                            .title = {}};
        if (total > 1) {
          plan.options.out += "/" + folder_name(plans.size() + 1, system, fault);
          plan.title = fmt::format("[{}/{}] {}, {}, {}: ", plans.size() + 1, total, system, fault, number);
        }
        plans.push_back(std::move(plan));
      }
    }
  }
  return plans;
}

Document run_series(const Scenario& scenario, const SystemOptions& options, Interrupts& interrupts,
                    const std::function<void(const Document&)>& after_each) {
  Document document = empty_document(scenario);
  std::set<std::pair<std::string, std::string>> impossible;
  for (const RepetitionPlan& plan : plan_series(scenario, options)) {
    if (impossible.contains({plan.system, plan.fault})) continue;
    RunRecord record = run_one(plan, interrupts);
    document.interrupted = interrupts.happened();
    if (document.interrupted) break;
    if (record.impossible) impossible.emplace(plan.system, plan.fault);
    document.runs.push_back(std::move(record));
    after_each(document);
  }
  return document;
}

}  // namespace stillwater::rig
