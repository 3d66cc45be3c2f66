#include "tests/rig/run/preflight.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <sys/resource.h>

#include <fmt/format.h>
#include <unistd.h>

#include "tests/rig/faults/catalogue.h"
#include "tests/rig/faults/schedule.h"
#include "tests/rig/load/programs/program.h"
#include "tests/rig/load/replay_file.h"
#include "tests/rig/process/command.h"
#include "tests/rig/topology/topology.h"

namespace stillwater::rig {
namespace {

// Both ends of every connection, each new connection for at most its time-out, and some to spare.
rlim_t descriptors_needed(const LoadPlan& load) {
  // Sessions of the churn may wait as long for their answers as a fault lasts.
  return 2 * (rlim_t{load.connections} + load.server_first) + 2 * 6 * rlim_t{load.new_per_s} +
         2 * 12 * rlim_t{load.churn_per_s} + 256;
}

bool can_open(rlim_t descriptors) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= descriptors) return true;
  limit.rlim_cur = descriptors;
  limit.rlim_max = std::max(limit.rlim_max, descriptors);
  return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

bool is_run(const Scenario& scenario, const std::string& system) {
  return std::find(scenario.systems.begin(), scenario.systems.end(), system) != scenario.systems.end();
}

Status check_values(const std::string& path, const ConfigValues& values) {
  std::ifstream file(path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return with_values(text, values).map([](const std::string&) {}).map_error([&](Error error) {
    error.message = path + ": " + error.message;
    return error;
  });
}

void add_impossible_values(const Scenario& scenario, const SystemOptions& options,
                           std::vector<std::string>& found) {
  for (const CommandSystem& own : scenario.own_systems) {
    if (!own.stillwater || !is_run(scenario, own.name)) continue;
    for (const char* file : {"/firewall-a.yaml", "/firewall-b.yaml"}) {
      const std::string path = own.stillwater->folder_or(options.configs) + file;
      const Status possible = check_values(path, own.stillwater->values);
      if (!possible) found.push_back(own.name + ": " + possible.error().message);
    }
  }
}

void add_missing_parts(const Scenario& scenario, const SystemOptions& options,
                       std::vector<std::string>& found) {
  for (const SystemEntry& system : list_systems(options)) {
    if (!is_run(scenario, system.name)) continue;
    for (const std::string& program : system.programs) {
      if (!is_in_path(program))
        found.push_back(fmt::format("{} needs `{}`, which is not installed", system.name, program));
    }
    for (const std::string& file : system.files) {
      if (access(file.c_str(), R_OK) != 0)
        found.push_back(fmt::format("{} needs {}, which is not there", system.name, file));
    }
  }
}

Status check_schedule(const std::string& text) {
  if (text == "none") return {};
  const auto schedule = schedule_faults(text, 0);
  if (!schedule) return tl::unexpected(schedule.error());
  for (const ScheduledFault& it : *schedule) {
    if (Status known = check_fault(it.fault); !known) return known;
  }
  return {};
}

void add_wrong_with_load(const LoadPlan& load, std::vector<std::string>& found) {
  for (const std::string& program : load.programs) {
    for (const std::string& tool : tools_of(program)) {
      if (!is_in_path(tool))
        found.push_back(fmt::format("the load {} needs `{}`, which is not installed", program, tool));
    }
  }
  if (load.stress_cpus > 0 && !is_in_path("stress-ng"))
    found.emplace_back("the load stress_cpus needs `stress-ng`, which is not installed");
  if (load.replay.file.empty()) return;
  const auto replay = read_replay(load.replay.file, load.replay.per_second == 0);
  if (!replay) found.push_back("the replay: " + replay.error().message);
}

// A comparison tells what single systems cannot suffer; where nothing is left, there is nothing to run.
void add_impossible(const Scenario& scenario, const SystemOptions& options, std::vector<std::string>& found) {
  std::vector<std::string> reasons;
  for (const std::string& name : scenario.systems) {
    const auto system = make_system(name, options);
    if (!system) continue;
    for (const std::string& fault : scenario.faults) {
      const Status possible = check_possible(fault, **system);
      if (possible) return;
      reasons.push_back(fmt::format("{} is impossible: {}", fault, possible.error().message));
    }
  }
  found.insert(found.end(), reasons.begin(), reasons.end());
}

}  // namespace

Known known_names(const SystemOptions& options) {
  Known known;
  for (const SystemEntry& entry : list_systems(options)) {
    const auto system = make_system(entry.name, options);
    if (!system) continue;
    known.systems.push_back({entry.name, static_cast<std::uint32_t>((*system)->nodes().size())});
  }
  known.check_fault = check_schedule;
  known.own_faults = [](const std::string& fault) {
    return own_faults(fault).value_or(std::vector<std::string>{});
  };
  return known;
}

std::vector<std::string> obstacles(const Scenario& scenario, const SystemOptions& options) {
  std::vector<std::string> found;
  if (geteuid() != 0) found.emplace_back("network namespaces need root: run it with sudo");
  for (const char* tool : {"ip", "ethtool"}) {
    if (!is_in_path(tool)) found.push_back(fmt::format("`{}` is not installed", tool));
  }
  add_missing_parts(scenario, options, found);
  add_impossible_values(scenario, options, found);
  add_wrong_with_load(scenario.load, found);
  add_impossible(scenario, options, found);
  for (const std::string& space : leftover_spaces()) {
    found.push_back(fmt::format("a run that was killed left namespace {}: ip netns del {}", space, space));
  }
  if (!can_open(descriptors_needed(scenario.load))) {
    found.push_back(fmt::format("{} open files are needed (ulimit -n)", descriptors_needed(scenario.load)));
  }
  if (!found.empty()) return found;
  std::error_code error;
  std::filesystem::create_directories(options.out, error);
  if (error) found.push_back(fmt::format("cannot make {}: {}", options.out, error.message()));
  return found;
}

}  // namespace stillwater::rig
