#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/yaml/document.h"
#include "tests/rig/scenario/mapping.h"
#include "tests/rig/scenario/own_system.h"
#include "tests/rig/scenario/scenario.h"

namespace stillwater::rig {
namespace {

std::vector<std::string> names_of(const std::vector<KnownSystem>& systems) {
  std::vector<std::string> names;
  for (const KnownSystem& system : systems) names.push_back(system.name);
  return names;
}

// Empty: this system is known and fits.
std::string wrong_with_system(const std::string& name, const TopologyPlan& topology, const Known& known) {
  for (const KnownSystem& system : known.systems) {
    if (system.name != name) continue;
    if (system.nodes <= topology.nodes) return {};
    return fmt::format("{} is impossible with {} node between client and server; expected nodes: {}", name,
                       topology.nodes, system.nodes);
  }
  return fmt::format("'{:.60}' is no system that the rig knows; expected {}", name,
                     one_of(names_of(known.systems)));
}

// Empty: the catalogue knows the fault, and whatever a system has to bring along for it, one does.
std::string wrong_with_fault(const std::string& fault, const Scenario& scenario, const Known& known) {
  const Status is_known = known.check_fault(fault);
  if (!is_known) return is_known.error().message;
  if (!known.own_faults) return {};
  std::set<std::string> brought;
  for (const CommandSystem& system : scenario.own_systems) {
    for (const CommandFaultPlan& own : system.faults) brought.insert(own.name);
  }
  for (const std::string& own : known.own_faults(fault)) {
    if (brought.contains(own)) continue;
    if (brought.empty())
      return fmt::format("no system of this scenario brings faults along, as '{:.40}'", own);
    return fmt::format("no system of this scenario brings fault '{:.40}' along; expected {}", own,
                       one_of({brought.begin(), brought.end()}));
  }
  return {};
}

// Describes itself: an own system. `known` has all others.
void read_own(const Item& item, Scenario& scenario, const Known& known, Mistakes& mistakes) {
  Mapping at(item, "a system", mistakes);
  CommandSystem system = read_own_system(at);
  const std::string& name = system.name;
  const auto same = [&](const KnownSystem& it) { return it.name == name; };
  if (std::any_of(known.systems.begin(), known.systems.end(), same)) {
    at.mistake("name", fmt::format("'{}' is a system of the rig's; expected another name", name));
  }
  if (std::find(scenario.systems.begin(), scenario.systems.end(), name) != scenario.systems.end()) {
    at.mistake("name", fmt::format("'{}' is repeated; expected it once", name));
  }
  if (system.nodes > scenario.topology.nodes) {
    at.mistake("nodes",
               fmt::format("{} is impossible with {} node between client and server; expected nodes: {}",
                           name, scenario.topology.nodes, system.nodes));
  }
  scenario.systems.push_back(name);
  scenario.own_systems.push_back(std::move(system));
}

void read_systems(Mapping& root, Scenario& scenario, const Known& known, Mistakes& mistakes) {
  const std::vector<Item> items = root.items("systems");
  if (!items.empty()) scenario.systems.clear();
  for (const Item& item : items) {
    if (item.node.IsMap()) {
      read_own(item, scenario, known, mistakes);
      continue;
    }
    if (!item.node.IsScalar()) {
      mistakes.add(item.at, "systems is a list or empty; expected a name or a mapping");
      continue;
    }
    const std::string& name = item.node.Scalar();
    std::string wrong = wrong_with_system(name, scenario.topology, known);
    if (std::find(scenario.systems.begin(), scenario.systems.end(), name) != scenario.systems.end()) {
      wrong = fmt::format("'{}' is repeated; expected it once", name);
    }
    if (!wrong.empty()) mistakes.add(item.at, std::move(wrong));
    scenario.systems.push_back(name);
  }
}

void read_faults(Mapping& root, Scenario& scenario, const Known& known, Mistakes& mistakes) {
  const std::vector<Word> words = root.words("faults");
  if (!words.empty()) scenario.faults.clear();
  for (const Word& word : words) {
    if (std::string wrong = wrong_with_fault(word.text, scenario, known); !wrong.empty()) {
      mistakes.add(word.at, std::move(wrong));
    }
    scenario.faults.push_back(word.text);
  }
}

void read_topology(Mapping& root, TopologyPlan& topology) {
  Mapping at = root.mapping("topology");
  std::string ground = "namespaces";
  at.text("ground", ground);
  if (ground != "namespaces") {
    at.mistake("ground",
               fmt::format("ground: the rig cannot build on '{:.60}'; expected namespaces", ground));
  }
  at.number("nodes", topology.nodes, 1, 2);
  at.finish();
}

void read_replay(Mapping& load, ReplayPlan& replay) {
  if (!load.has("replay")) return;
  Mapping at = load.mapping("replay");
  at.require("file", "a capture, as a path");
  at.text("file", replay.file);
  if (at.has("file") && replay.file.empty()) at.mistake("file", "file is empty; expected a path");
  std::string from = "client";
  at.text("from", from);
  if (from != "client" && from != "server") {
    at.mistake("from", fmt::format("from: '{:.60}' replays nothing; expected client or server", from));
  }
  replay.from_server = from == "server";
  at.number("per_second", replay.per_second, 1, 100'000);
  at.number("times", replay.times, 1, 1'000'000);
  at.finish();
}

void read_programs(Mapping& load, std::vector<std::string>& programs) {
  for (const Word& word : load.words("programs")) {
    const auto& known = known_programs();
    if (std::find(known.begin(), known.end(), word.text) == known.end()) {
      load.mistake("programs", fmt::format("'{:.60}' is no program that the rig knows; expected {}",
                                           word.text, one_of(known)));
    }
    programs.push_back(word.text);
  }
}

void read_load(Mapping& root, LoadPlan& load) {
  Mapping at = root.mapping("load");
  at.number("connections", load.connections, 1, 50'000);
  at.number("probes_per_s", load.probes_per_s, 1, 100'000);
  at.number("new_per_s", load.new_per_s, 0, 800);
  read_replay(at, load.replay);
  read_programs(at, load.programs);
  at.number("server_first", load.server_first, 0, 10'000);
  at.number("churn_per_s", load.churn_per_s, 0, 2'000);
  at.number("stress_cpus", load.stress_cpus, 0, 1024);
  at.duration("before", load.before, 1s, 3600s);
  at.duration("after", load.after, 1s, 3600s);
  at.finish();
}

void read_matrix(Mapping& root, MatrixPlan& matrix) {
  Mapping at = root.mapping("matrix");
  at.duration("duration", matrix.duration, 1s, 86'400s);
  at.duration("offset_at_most", matrix.offset_at_most, 0ms, 10s);
  at.number("stale_frames_at_most", matrix.stale_frames_at_most, 0, 1'000'000);
  at.duration("whole_within", matrix.whole_within, 1s, 3600s);
  at.finish();
}

Scenario read(const YAML::Node& node, const Known& known, Mistakes& mistakes) {
  Scenario scenario;
  Mapping root({node, node.Mark()}, "the file", mistakes);
  root.require("name", "the scenario's name");
  root.text("name", scenario.name);
  root.require("about", "a sentence that says what it shows");
  root.text("about", scenario.about);
  read_topology(root, scenario.topology);
  read_systems(root, scenario, known, mistakes);
  scenario.security = read_security(root);
  read_faults(root, scenario, known, mistakes);
  read_load(root, scenario.load);
  read_matrix(root, scenario.matrix);
  Nanos outage_at_most = 150ms;
  root.duration("outage_at_most", outage_at_most, 1ms, 3600s);
  scenario.outage_ms_at_most = milliseconds(outage_at_most);
  root.number("repetitions", scenario.repetitions, 1, 1000);
  root.number("seed", scenario.seed);
  root.finish();
  return scenario;
}

}  // namespace

const std::vector<std::string>& known_programs() {
  static const std::vector<std::string> names{"iperf3", "http", "ssh", "dns"};
  return names;
}

Result<Scenario> parse_scenario(const std::string& text, const std::string& file, const Known& known) {
  Mistakes mistakes(file);
  std::optional<Scenario> scenario;
  try {
    const YAML::Node document = yaml::load_single_document(text, "a scenario", mistakes);
    if (mistakes.empty()) scenario = read(document, known, mistakes);
  } catch (const YAML::Exception& error) {
    mistakes.add(error.mark, "not YAML: " + error.msg + "; expected a mapping of keys to values");
  }
  if (!mistakes.empty()) return tl::unexpected(mistakes.error());
  for (CommandSystem& own : scenario->own_systems) {
    const auto folder = std::filesystem::absolute(file).parent_path().lexically_normal();
    own.folder = folder;
    if (!own.stillwater || own.stillwater->folder.empty()) continue;
    own.stillwater->folder = (folder / own.stillwater->folder).lexically_normal();
  }
  return *scenario;
}

Status check_names(const Scenario& scenario, const Known& known) {
  for (const std::string& system : scenario.systems) {
    if (std::string wrong = wrong_with_system(system, scenario.topology, known); !wrong.empty()) {
      return fail(Errc::invalid_argument, std::move(wrong));
    }
  }
  for (const std::string& fault : scenario.faults) {
    if (std::string wrong = wrong_with_fault(fault, scenario, known); !wrong.empty()) {
      return fail(Errc::invalid_argument, std::move(wrong));
    }
  }
  return {};
}

}  // namespace stillwater::rig
