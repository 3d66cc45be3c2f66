#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "tests/rig/scenario/mapping.h"
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

std::string wrong_with_fault(const std::string& fault, const Known& known) {
  const Status is_known = known.check_fault(fault);
  return is_known ? std::string() : is_known.error().message;
}

// The words under `key`, each checked by `wrong_with`.
template <class Check>
std::vector<Word> checked_words(Mapping& root, const std::string& key, Mistakes& mistakes,
                                const Check& wrong_with) {
  std::vector<Word> words = root.words(key);
  for (const Word& word : words) {
    if (std::string wrong = wrong_with(word.text); !wrong.empty()) mistakes.add(word.at, std::move(wrong));
  }
  return words;
}

void take(const std::vector<Word>& words, std::vector<std::string>& out) {
  if (words.empty()) return;
  out.clear();
  for (const Word& word : words) out.push_back(word.text);
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

void read_load(Mapping& root, LoadPlan& load) {
  Mapping at = root.mapping("load");
  at.number("connections", load.connections, 1, 50'000);
  at.number("probes_per_s", load.probes_per_s, 1, 100'000);
  at.number("new_per_s", load.new_per_s, 0, 800);
  at.duration("before", load.before, 1s, 3600s);
  at.duration("after", load.after, 1s, 3600s);
  at.finish();
}

Scenario read(const YAML::Node& node, const Known& known, Mistakes& mistakes) {
  Scenario scenario;
  Mapping root(node, node.Mark(), "the file", mistakes);
  root.require("name", "the scenario's name");
  root.text("name", scenario.name);
  root.require("about", "a sentence that says what it shows");
  root.text("about", scenario.about);
  read_topology(root, scenario.topology);
  take(checked_words(root, "systems", mistakes,
                     [&](const std::string& it) { return wrong_with_system(it, scenario.topology, known); }),
       scenario.systems);
  take(checked_words(root, "faults", mistakes,
                     [&](const std::string& it) { return wrong_with_fault(it, known); }),
       scenario.faults);
  read_load(root, scenario.load);
  Nanos outage_at_most = 150ms;
  root.duration("outage_at_most", outage_at_most, 1ms, 3600s);
  scenario.outage_ms_at_most = milliseconds(outage_at_most);
  root.number("repetitions", scenario.repetitions, 1, 1000);
  root.number("seed", scenario.seed);
  root.finish();
  return scenario;
}

}  // namespace

Result<Scenario> parse_scenario(const std::string& text, const std::string& file, const Known& known) {
  Mistakes mistakes(file);
  std::optional<Scenario> scenario;
  try {
    // Load reads one document and ignores what follows it, LoadAll yields empty ones without end for some
    // text that is not YAML: a scenario's only separator may stand at its beginning.
    const std::size_t second = text.find("\n---");
    if (second != std::string::npos && text.find_first_not_of("- \n") < second) {
      YAML::Mark at;
      at.line = static_cast<int>(
          std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(second) + 1, '\n'));
      at.column = 0;
      mistakes.add(at, "a second document begins; expected one YAML document in a file");
    } else {
      scenario = read(YAML::Load(text), known, mistakes);
    }
  } catch (const YAML::Exception& error) {
    mistakes.add(error.mark, "not YAML: " + error.msg + "; expected a mapping of keys to values");
  }
  if (!mistakes.empty()) return tl::unexpected(mistakes.error());
  return *scenario;
}

Status check_names(const Scenario& scenario, const Known& known) {
  for (const std::string& system : scenario.systems) {
    if (std::string wrong = wrong_with_system(system, scenario.topology, known); !wrong.empty()) {
      return fail(Errc::invalid_argument, std::move(wrong));
    }
  }
  for (const std::string& fault : scenario.faults) {
    if (std::string wrong = wrong_with_fault(fault, known); !wrong.empty()) {
      return fail(Errc::invalid_argument, std::move(wrong));
    }
  }
  return {};
}

}  // namespace stillwater::rig
