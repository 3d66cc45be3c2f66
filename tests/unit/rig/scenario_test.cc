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
    if (fault == "kill" || fault == "freeze" || fault == "none" || fault.starts_with("command:")) {
      return {};
    }
    return fail(Errc::invalid_argument, "no fault \"" + fault + "\"; the faults are kill, freeze");
  };
  names.own_faults = [](const std::string& fault) {
    return fault.starts_with("command:") ? std::vector{fault.substr(8)} : std::vector<std::string>{};
  };
  return names;
}

const std::string kOwn =
    "name: sample\n"
    "about: what it shows\n"
    "systems:\n"
    "  - ours\n"
    "  - name: mine\n"
    "    nodes: 2\n"
    "    data_ports: kernel\n"
    "    virtual_mac: none\n"
    "    programs: [sh]\n"
    "    start: exec mine\n"
    "    active: test -e leads\n"
    "    ready_within: 20s\n"
    "    faults:\n"
    "      trip: touch tripped\n"
    "      wire: {run: pull, on: standby, heal: plug, heal_after: 2s, expect: no-loss}\n"
    "faults: [kill, \"command:trip\"]\n";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string with_load(const std::string& keys) {
  return replaced(kSample, "load: {connections: 100,", "load: {" + keys + ", connections: 100,");
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

TEST_CASE("a system that a scenario brings along is read as it is written") {
  const auto scenario = parse_scenario(kOwn, "/a/b/s.yaml", known());
  INFO((scenario ? "" : scenario.error().message));
  REQUIRE(scenario);
  CHECK(scenario->systems == std::vector<std::string>{"ours", "mine"});
  REQUIRE(scenario->own_systems.size() == 1);
  const CommandSystem& own = scenario->own_systems.front();
  CHECK(own.start == "exec mine");
  CHECK(own.active == "test -e leads");
  CHECK(own.kernel_ports);
  CHECK_FALSE(own.virtual_mac);
  CHECK(own.ready_within == 20s);
  CHECK(own.folder == "/a/b");
  REQUIRE(own.faults.size() == 2);
  CHECK(own.faults[0].run == "touch tripped");
  CHECK(own.faults[0].loses_service);
  CHECK(own.faults[1].on == NodeId::standby);
  CHECK(own.faults[1].heal_after == 2s);
  CHECK_FALSE(own.faults[1].loses_service);
}

TEST_CASE("a scenario may bring configurations for Stillwater along, in a folder as seen from its own") {
  const std::string text = replaced(kSample, "ours,", "{name: eager, stillwater: ../eager},");
  const auto scenario = parse_scenario(text, "/a/b/s.yaml", known());
  INFO((scenario ? "" : scenario.error().message));
  REQUIRE(scenario);
  CHECK(scenario->systems == std::vector<std::string>{"eager", "control"});
  REQUIRE(scenario->own_systems.size() == 1);
  REQUIRE(scenario->own_systems[0].stillwater);
  CHECK(scenario->own_systems[0].stillwater->folder == "/a/eager");
  CHECK_THAT(mistakes_in(replaced(text, "../eager", "''")),
             Catch::StartsWith("s.yaml:4:37: stillwater is empty; expected a folder"));
  CHECK_THAT(mistakes_in(replaced(text, "../eager", "../eager, start: x")),
             Catch::Contains("unknown key 'start' in a system"));
}

TEST_CASE("a scenario may set values in Stillwater's example configurations") {
  const std::string text =
      replaced(kSample, "ours,", "{name: slow, set: {checkpoint.interval: 5ms, routes.0.via: 10.0.0.1}},");
  const auto scenario = parse_scenario(text, "/a/b/s.yaml", known());
  INFO((scenario ? "" : scenario.error().message));
  REQUIRE(scenario);
  REQUIRE(scenario->own_systems.size() == 1);
  REQUIRE(scenario->own_systems[0].stillwater);
  CHECK(scenario->own_systems[0].stillwater->folder.empty());
  CHECK(scenario->own_systems[0].stillwater->values ==
        ConfigValues{{"checkpoint.interval", "5ms"}, {"routes.0.via", "10.0.0.1"}});
  CHECK_THAT(mistakes_in(replaced(text, "5ms", "[5ms]")), Catch::Contains("checkpoint.interval"));
}

TEST_CASE("a scenario says whether Stillwater pairs speak TLS, for all or for one of its own") {
  const auto plain = parse_scenario(kSample, "s.yaml", known());
  REQUIRE(plain);
  CHECK(plain->security == Security::configured);
  const std::string text = replaced(kSample, "ours,", "{name: open, security: configured}, ours,");
  const auto scenario = parse_scenario(text + "security: tls\n", "s.yaml", known());
  INFO((scenario ? "" : scenario.error().message));
  REQUIRE(scenario);
  CHECK(scenario->security == Security::tls);
  REQUIRE(scenario->own_systems.size() == 1);
  REQUIRE(scenario->own_systems[0].stillwater);
  CHECK(scenario->own_systems[0].stillwater->security == Security::configured);
  CHECK_THAT(mistakes_in(kSample + "security: ssl\n"),
             Catch::Contains("security: 'ssl' is none of them; expected one of configured, tls"));
}

TEST_CASE("a mistake in a system of one's own is said at its place too") {
  const auto it = GENERATE(values<Case>({
      {"name: mine", "name: Mine!", "5:11", "'Mine!' is no name; expected 1 to 24 of a-z"},
      {"name: mine", "name: ours", "5:11", "'ours' is a system of the rig's; expected another name"},
      {"  - ours\n", "  - ours\n  - ours\n", "5:5", "'ours' is repeated; expected it once"},
      {"  - name: mine\n    nodes: 2", "  - nodes: 2", "5:5", "a system has no 'name'; expected"},
      {"nodes: 2", "nodes: 3", "6:12", "'3' is out of range; expected a whole number from 1 to 2"},
      {"systems:\n", "topology: {nodes: 1}\nsystems:\n  - control\n", "8:12",
       "mine is impossible with 1 node between client and server"},
      {"data_ports: kernel", "data_ports: mine", "7:17",
       "data_ports: 'mine' is none of them; expected one of kernel, daemon"},
      {"virtual_mac: none", "virtual_mac: [a]", "8:18", "virtual_mac is a list; expected one of none, pair"},
      {"programs: [sh]", "programs: [sh, sh]", "9:20", "'sh' is repeated; expected it once"},
      {"start: exec mine", "stop: exec mine", "5:5", "a system that nothing starts; expected start, setup"},
      {"start: exec mine", "start: {a: b}", "10:12", "start is a mapping; expected some text"},
      {"    active: test -e leads\n", "", "5:5", "a pair that cannot say who leads; expected active"},
      {"ready_within: 20s", "ready_within: 0s", "12:19", "'0s' is out of range; expected"},
      {"active:", "actve:", "11:5", "unknown key 'actve' in a system; expected 'active'"},
      {"trip: touch tripped", "Trip_: touch tripped", "14:14", "'Trip_' is no name; expected"},
      {"trip: touch tripped", "trip: [a]", "14:13", "trip is a list; expected some text"},
      {"run: pull, ", "", "15:13", "wire has no 'run'; expected a command"},
      {"on: standby", "on: both", "15:29", "on: 'both' is none of them; expected one of active, standby"},
      {"heal: plug, ", "", "15:50", "a fault that heals has both; expected heal and heal_after"},
      {"heal_after: 2s, ", "", "15:44", "a fault that heals has both; expected heal and heal_after"},
      {"heal_after: 2s", "heal_after: soon", "15:62", "'soon' is not such a duration; expected"},
      {"no-loss", "peace", "15:74", "expect: 'peace' is none of them; expected one of anything, successor"},
      {"expect: no-loss", "expects: no-loss", "15:66", "unknown key 'expects' in wire; expected 'expect'"},
      {"    faults:\n", "    faults: 3\n    x:\n", "13:13", "faults is a single value; expected a mapping"},
      {"command:trip", "command:trap", "16:16",
       "no system of this scenario brings fault 'trap' along; expected one of trip, wire"},
      {"  - ours\n", "  - [ours]\n", "4:5", "systems is a list or empty; expected a name or a mapping"},
  }));
  const std::string found = mistakes_in(replaced(kOwn, it.from, it.to));
  CAPTURE(it.from, it.to);
  CHECK_THAT(found, Catch::Contains(std::string("s.yaml:") + it.at + ": ") && Catch::Contains(it.says));
}

TEST_CASE("a fault by command needs a system that brings it along") {
  CHECK_THAT(mistakes_in(replaced(kSample, "freeze]", "\"command:trip\"]")),
             Catch::Contains("no system of this scenario brings faults along, as 'trip'"));
}

TEST_CASE("the loads that a scenario may add are read as they are written, and are off by default") {
  const auto plain = parse_scenario(kSample, "s.yaml", known());
  REQUIRE(plain);
  CHECK(plain->load.server_first == 0);
  CHECK(plain->load.stress_cpus == 0);
  CHECK(plain->load.replay.file.empty());
  CHECK(plain->load.programs.empty());
  const auto scenario =
      parse_scenario(with_load("server_first: 20, stress_cpus: 2, programs: [iperf3, http], "
                               "replay: {file: a.pcap, from: server, per_second: 50, times: 3}"),
                     "s.yaml", known());
  REQUIRE(scenario);
  CHECK(scenario->load.server_first == 20);
  CHECK(scenario->load.stress_cpus == 2);
  CHECK(scenario->load.programs == std::vector<std::string>{"iperf3", "http"});
  CHECK(scenario->load.replay.file == "a.pcap");
  CHECK(scenario->load.replay.from_server);
  CHECK(scenario->load.replay.per_second == 50);
  CHECK(scenario->load.replay.times == 3);
}

TEST_CASE("a mistake in an added load is said at its place") {
  struct Added {
    const char* load;
    const char* says;
  };
  const auto it = GENERATE(values<Added>({
      {"server_first: 10001", "6:22: server_first: '10001' is out of range; expected"},
      {"server_frist: 1", "6:8: unknown key 'server_frist' in load; expected 'server_first'"},
      {"programs: ping",
       "6:18: 'ping' is no program that the rig knows; expected one of iperf3, http, ssh, dns"},
      {"programs: []", "6:18: programs is an empty list; expected at least one word"},
      {"replay: a.pcap", "6:16: replay is a single value; expected a mapping"},
      {"replay: {times: 2}", "6:16: replay has no 'file'; expected a capture"},
      {"replay: {file: ''}", "6:23: file is empty; expected a path"},
      {"replay: {file: a, from: net}", "from: 'net' replays nothing; expected client or server"},
      {"replay: {file: a, per_second: 0}", "per_second: '0' is out of range; expected"},
      {"replay: {file: a, times: 0}", "times: '0' is out of range; expected"},
      {"replay: {file: a, time: 1}", "unknown key 'time' in replay; expected 'times'"},
  }));
  const std::string found = mistakes_in(with_load(it.load));
  CHECK_THAT(found, Catch::StartsWith("s.yaml:6:") && Catch::Contains(it.says));
  CHECK(std::count(found.begin(), found.end(), '\n') == 0);
}

TEST_CASE("a capture is looked for beside its scenario") {
  const auto scenario = load_scenario("loads", RIG_SCENARIOS_DIR, known_names({}));
  INFO((scenario ? "" : scenario.error().message));
  REQUIRE(scenario);
  CHECK(scenario->load.replay.file == RIG_SCENARIOS_DIR "/mixed.pcap");
}

TEST_CASE("what an added load needs and is not there stands in the way before anything starts") {
  Scenario scenario;
  scenario.load.replay.file = "/nowhere/a.pcap";
  SystemOptions options;
  options.out = "/tmp";
  const auto found = obstacles(scenario, options);
  const auto says = [&](const std::string& words) {
    return std::any_of(found.begin(), found.end(),
                       [&](const std::string& it) { return it.find(words) != std::string::npos; });
  };
  CHECK(says("the replay: /nowhere/a.pcap"));
  CHECK_FALSE(says("the load"));
}

TEST_CASE("a fault that no system of the scenario could suffer stands in the way before anything starts") {
  struct Pairing {
    std::vector<std::string> systems;
    const char* fault;
    const char* says;  // null: nothing
  };
  const auto it = GENERATE(values<Pairing>({
      {{"linux"}, "freeze", "freeze is impossible: linux has no processes for freeze"},
      {{"linux"}, "restart", "restart is impossible: linux has no processes for restart"},
      {{"linux"}, "planned-stop", "planned-stop is impossible: linux has no processes for planned-stop"},
      {{"linux"}, "crash:ship", "crash:ship is impossible: linux has no processes for crash"},
      {{"linux"}, "kill + standby-lost@5ms", "is impossible: linux has no standby node"},
      {{"linux"}, "command:trip", "is impossible: linux brings no fault \"trip\" along"},
      {{"linux"}, "kill", nullptr},
      {{"linux"}, "none", nullptr},
      {{"linux", "stillwater"}, "freeze", nullptr},
  }));
  Scenario scenario;
  scenario.systems = it.systems;
  scenario.faults = {it.fault};
  SystemOptions options;
  options.out = "/tmp";
  const auto found = obstacles(scenario, options);
  const auto impossible = std::find_if(found.begin(), found.end(), [](const std::string& line) {
    return line.find("impossible") != std::string::npos;
  });
  REQUIRE((impossible != found.end()) == (it.says != nullptr));
  if (it.says != nullptr) CHECK_THAT(*impossible, Catch::Contains(it.says));
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
