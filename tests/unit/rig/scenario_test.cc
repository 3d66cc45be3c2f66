// Every mistake in a scenario is said at its place, before anything starts.
#include "tests/rig/scenario/scenario.h"

#include <algorithm>
#include <set>
#include <sstream>

#include <catch2/catch.hpp>

#include "tests/rig/run/preflight.h"
#include "tests/rig/run/series.h"
#include "tests/rig/scenario/library.h"

namespace stillwater::rig {
namespace {

const std::string kSample =
    "name: sample\n"
    "about: what it shows\n"
    "topology: {ground: namespaces, nodes: 2}\n"
    "systems: [ours, control]\n"
    "faults: [kill, freeze]\n"
    "load: {connections: 100, probes_per_s: 500, new_per_s: 10, before: 2s, after: 1500ms}\n"
    "outage_at_most: 80ms\n"
    "repetitions: 3\n"
    "seed: 42\n";

Known known() {
  Known names;
  names.systems = {{"ours", 2}, {"control", 1}};
  names.check_fault = [](const std::string& fault) -> Status {
    if (fault == "kill" || fault == "freeze" || fault == "none") return {};
    return fail(Errc::invalid_argument, "no fault \"" + fault + "\"; the faults are kill, freeze");
  };
  return names;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string mistakes_in(const std::string& text) {
  const auto scenario = parse_scenario(text, "s.yaml", known());
  return scenario ? "" : scenario.error().message;
}

struct Case {
  const char* from;
  const char* to;
  const char* at;  // LINE:COLUMN of the only mistake
  const char* says;
};

}  // namespace

TEST_CASE("a scenario is read as it is written") {
  const auto scenario = parse_scenario(kSample, "s.yaml", known());
  REQUIRE(scenario);
  CHECK(scenario->name == "sample");
  CHECK(scenario->systems == std::vector<std::string>{"ours", "control"});
  CHECK(scenario->faults == std::vector<std::string>{"kill", "freeze"});
  CHECK(scenario->load.connections == 100);
  CHECK(scenario->load.probes_per_s == 500);
  CHECK(scenario->load.after == 1500ms);
  CHECK(scenario->outage_ms_at_most == 80);
  CHECK(scenario->repetitions == 3);
  CHECK(scenario->seed == 42);
}

TEST_CASE("a mistake is said with its file, line and column, and with what was expected") {
  const auto it = GENERATE(values<Case>({
      {"repetitions: 3", "repetitons: 3", "8:1",
       "unknown key 'repetitons' in the file; expected 'repetitions'"},
      {"new_per_s: 10", "newpers: 10", "6:45", "unknown key 'newpers' in load; expected 'new_per_s'"},
      {"name: sample\n", "", "1:1", "the file has no 'name'; expected"},
      {"about: what it shows\n", "", "1:1", "the file has no 'about'; expected"},
      {"seed: 42\n", "seed: 42\nseed: 43\n", "10:1", "key 'seed' is repeated; expected it once"},
      {"namespaces", "vms", "3:20", "cannot build on 'vms'; expected namespaces"},
      {"nodes: 2", "nodes: 3", "3:39", "'3' is out of range; expected a whole number from 1 to 2"},
      {"nodes: 2", "nodes: 1", "4:11", "ours is impossible with 1 node between client and server"},
      {"control", "cisco", "4:17", "'cisco' is no system that the rig knows; expected one of ours, control"},
      {"control", "ours", "4:17", "'ours' is repeated; expected it once"},
      {"freeze", "explode", "5:16", "no fault \"explode\"; the faults are kill, freeze"},
      {"[kill, freeze]", "[]", "5:9", "faults is an empty list; expected at least one word"},
      {"[kill, freeze]", "{kill: 1}", "5:9", "faults is a mapping; expected a word"},
      {"connections: 100", "connections: 0", "6:21",
       "'0' is out of range; expected a whole number from 1 to"},
      {"connections: 100", "connections: ten", "6:21", "'ten' is not a whole number; expected"},
      {"before: 2s", "before: 2", "6:68",
       "'2' is not such a duration; expected a whole number and ms, s or m"},
      {"before: 2s", "before: 99999999s", "6:68", "is not such a duration; expected"},
      {"outage_at_most: 80ms", "outage_at_most: 0ms", "7:17", "'0ms' is out of range; expected"},
      {"seed: 42", "seed: -1", "9:7", "'-1' is not a whole number of 64 bits; expected one"},
      {"seed: 42", "seed:", "9:1", "seed is empty; expected a whole number"},
      {"load: {", "load: 3 # {", "6:7", "load is a single value; expected a mapping"},
      {"seed: 42\n", "seed: 42\n---\nname: b\n", "10:1", "a second document begins; expected one"},
  }));
  const std::string found = mistakes_in(replaced(kSample, it.from, it.to));
  INFO(it.to);
  CHECK_THAT(found, Catch::StartsWith(std::string("s.yaml:") + it.at + ": "));
  CHECK_THAT(found, Catch::Contains(it.says));
  CHECK(std::count(found.begin(), found.end(), '\n') == 0);
}

TEST_CASE("all mistakes are said at once, in the order of the file") {
  std::string text = replaced(kSample, "seed: 42", "seed: x");
  text = replaced(text, "name: sample", "nam: sample");
  text = replaced(text, "ours", "theirs");
  std::istringstream lines(mistakes_in(text));
  std::vector<std::string> places;
  for (std::string line; std::getline(lines, line);) places.push_back(line.substr(0, line.find(": ")));
  CHECK(places == std::vector<std::string>{"s.yaml:1:1", "s.yaml:1:1", "s.yaml:4:11", "s.yaml:9:7"});
}

TEST_CASE("what is no scenario at all is said too") {
  CHECK_THAT(mistakes_in(""), Catch::StartsWith("s.yaml:1:1: the file is empty; expected"));
  CHECK_THAT(mistakes_in("- a\n"), Catch::StartsWith("s.yaml:1:1: the file is a list; expected a mapping"));
  CHECK_THAT(mistakes_in("name: [1\nb: 2\n"), Catch::StartsWith("s.yaml:2:") && Catch::Contains("not YAML"));
  CHECK_THAT(mistakes_in(std::string(100000, '[')), Catch::Contains("not YAML"));
}

TEST_CASE("a scenario that does not exist is refused with those that do") {
  const auto missing = load_scenario("no-such", RIG_SCENARIOS_DIR, known());
  REQUIRE_FALSE(missing);
  CHECK_THAT(missing.error().message, Catch::Contains("no scenario 'no-such'") && Catch::Contains("demo"));
  CHECK_FALSE(load_scenario("/nowhere/s.yaml", RIG_SCENARIOS_DIR, known()));
}

TEST_CASE("every scenario that comes with the rig is one") {
  const Known real = known_names({});
  const auto files = scenario_files(RIG_SCENARIOS_DIR);
  REQUIRE_FALSE(files.empty());
  for (const std::string& file : files) {
    const auto scenario = load_scenario(file, RIG_SCENARIOS_DIR, real);
    INFO((scenario ? "" : scenario.error().message));
    CHECK(scenario);
  }
}

TEST_CASE("a series treats every system alike: repetition by repetition, fault by fault") {
  const auto scenario = parse_scenario(kSample, "s.yaml", known());
  REQUIRE(scenario);
  SystemOptions options;
  options.out = "/tmp/x";
  const auto plans = plan_series(*scenario, options);
  REQUIRE(plans.size() == 12);
  CHECK(plans[0].system == "ours");
  CHECK(plans[1].system == "control");
  CHECK(plans[1].fault == "kill");
  CHECK(plans[2].fault == "freeze");
  CHECK(plans[3].number == 1);
  CHECK(plans[4].number == 2);
  std::set<std::string> folders;
  for (const auto& plan : plans) folders.insert(plan.options.out);
  CHECK(folders.size() == plans.size());
}

TEST_CASE("a single run leaves its files in the output folder itself") {
  Scenario scenario;
  SystemOptions options;
  options.out = "/tmp/x";
  CHECK(plan_series(scenario, options).front().options.out == "/tmp/x");
}

}  // namespace stillwater::rig
