// The failover benchmark: what a run of it takes of its scenario, and what its figures, bounds and verdicts
// are of runs that are made up.
#include <algorithm>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/rig/bench/faults.h"
#include "tests/rig/bench/figures.h"
#include "tests/rig/bench/results.h"
#include "tests/rig/run/preflight.h"
#include "tests/rig/scenario/library.h"

namespace stillwater::rig {
namespace {

using Words = std::vector<std::string>;

Scenario bench_scenario() {
  const auto scenario = load_scenario(kBenchScenario, RIG_SCENARIOS_DIR, known_names({}));
  INFO((scenario ? "" : scenario.error().message));
  REQUIRE(scenario);
  return *scenario;
}

Scenario chosen(const BenchChoice& choice) {
  Scenario scenario = bench_scenario();
  REQUIRE(choose(choice, scenario));
  return scenario;
}

RunRecord run_of(const std::string& system, const std::string& fault, double outage_ms, double lost_packets,
                 double lost_live = 0, double lost_new = 0) {
  RunRecord run;
  run.system = system;
  run.fault = fault;
  run.figures = {{"outage_ms", outage_ms},
                 {"probe_lost_failover", lost_packets},
                 {"probe_lost_steady", 0},
                 {"sessions_lost", lost_live},
                 {"new_connections_failed_failover", lost_new}};
  run.timeline.end_ms = 4000;
  run.timeline_to_client.end_ms = 4000;
  return run;
}

RunRecord failed(RunRecord run) {
  run.failure = "it did not start";
  return run;
}

Document document_of(std::vector<RunRecord> runs) {
  Document document;
  document.seconds_before = 180;
  document.runs = std::move(runs);
  return document;
}

BenchRow row(const Document& document, const std::string& id) {
  for (const BenchRow& it : bench_rows(document)) {
    if (it.id == id) return it;
  }
  FAIL("no row " << id);
  return {};
}

nlohmann::json row(const std::string& json, const std::string& id) {
  const auto document = nlohmann::json::parse(json);
  for (const auto& it : document["results"]) {
    if (it["id"] == id) return it;
  }
  FAIL("no result " << id);
  return {};
}

}  // namespace

TEST_CASE("the benchmark runs what its scenario says, 10 times, secured, beside both peers") {
  const Scenario scenario = bench_scenario();
  CHECK(scenario.security == Security::tls);
  CHECK(scenario.repetitions == 10);
  CHECK(scenario.load.connections == 5000);
  CHECK(scenario.load.new_per_s == 500);
  const Scenario all = chosen({});
  CHECK(all.faults == scenario.faults);
  CHECK(all.systems == Words{"stillwater", "keepalived-10ms", "keepalived-1s"});
  CHECK(all.repetitions == 10);
}

TEST_CASE("a full run is 30 repetitions of ours alone, without what only peers need") {
  const Scenario full = chosen({.full = true, .faults = {}, .repetitions = {}});
  CHECK(full.systems == Words{"stillwater"});
  CHECK(full.repetitions == 30);
  CHECK(std::count(full.faults.begin(), full.faults.end(), "planned-stop") == 0);
  CHECK(full.faults.size() == bench_faults().size());
  CHECK(chosen({.full = true, .faults = {}, .repetitions = 3}).repetitions == 3);
}

TEST_CASE("one fault is run alone, with what its peers suffer beside it") {
  CHECK(chosen({.full = false, .faults = {"kill"}, .repetitions = {}}).faults == Words{"kill"});
  CHECK(chosen({.full = false, .faults = {"failback"}, .repetitions = {}}).faults ==
        Words{"switchover:2s", "planned-stop"});
  CHECK(chosen({.full = true, .faults = {"data_link"}, .repetitions = {}}).faults == Words{"cut-inside"});
}

TEST_CASE("a fault that the benchmark does not have is named, with those that it has") {
  Scenario scenario = bench_scenario();
  const Status refused = choose({.full = false, .faults = {"kill", "kil"}, .repetitions = {}}, scenario);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::invalid_argument);
  CHECK(refused.error().message ==
        "'kil' is no fault of this benchmark; expected one of kill, restart, freeze, power, data_link, "
        "replication_link, switchover, failback");
  CHECK(scenario.faults == bench_scenario().faults);
}

TEST_CASE("the control keeps the pair secured and both cores busy, without a fault") {
  const auto control = load_scenario(kBenchControl, RIG_SCENARIOS_DIR, known_names({}));
  REQUIRE(control);
  CHECK(control->security == Security::tls);
  CHECK(control->faults == Words{"none"});
  CHECK(control->systems == Words{"stillwater"});
  CHECK(control->load.stress_cpus == 2);
  CHECK(control->load.before == 1800s);
}

TEST_CASE("each fault has an outage, packets and flows by its own name") {
  std::vector<RunRecord> runs;
  for (const BenchFault& it : bench_faults())
    runs.push_back(run_of("stillwater", std::string(it.fault), 1, 0));
  Words ids;
  for (const BenchRow& it : bench_rows(document_of(runs))) ids.push_back(it.id);
  Words expected;
  for (const std::string quantity : {"outage_ms", "lost_packets", "lost_flows"}) {
    for (const char* fault :
         {"kill", "restart", "freeze", "power", "data_link", "replication_link", "switchover", "failback"}) {
      expected.push_back(quantity + "." + fault);
    }
  }
  CHECK(ids == expected);
}

TEST_CASE("the bound is the better median of the two peers, and a target is for the median") {
  const Document document =
      document_of({run_of("stillwater", "kill", 8, 40), run_of("stillwater", "kill", 30, 50),
                   run_of("stillwater", "kill", 9, 60), run_of("keepalived-10ms", "kill", 60, 300),
                   run_of("keepalived-10ms", "kill", 30, 100), run_of("keepalived-10ms", "kill", 36, 100),
                   run_of("keepalived-1s", "kill", 3000, 90)});
  const BenchRow outage = row(document, "outage_ms.kill");
  CHECK(outage.median() == 9);
  CHECK(outage.bound == 36);
  CHECK(outage.bound_of == "keepalived-10ms");
  CHECK(outage.ratio() == 0.25);
  CHECK(outage.met() == true);
  const BenchRow packets = row(document, "lost_packets.kill");
  CHECK(packets.bound == 90);
  CHECK(packets.bound_of == "keepalived-1s");
  CHECK_FALSE(packets.met());
}

TEST_CASE("a switchover is compared with the peers' planned stop") {
  const Document document =
      document_of({run_of("stillwater", "switchover", 2, 0), run_of("stillwater", "planned-stop", 9, 9),
                   failed(run_of("keepalived-1s", "switchover", 0, 0)),
                   run_of("keepalived-1s", "planned-stop", 40, 200)});
  const BenchRow outage = row(document, "outage_ms.switchover");
  CHECK(outage.median() == 2);
  CHECK(outage.bound == 40);
  CHECK(outage.note == "bound: planned-stop");
  CHECK(row(document, "lost_packets.switchover").met() == true);
}

TEST_CASE("nothing lost means in no repetition, and a bound of nothing has no ratio") {
  const Document document =
      document_of({run_of("stillwater", "switchover", 0, 0), run_of("stillwater", "switchover", 0, 0),
                   run_of("stillwater", "switchover", 0, 1), run_of("keepalived-1s", "planned-stop", 0, 0)});
  const BenchRow packets = row(document, "lost_packets.switchover");
  CHECK(packets.median() == 0);
  CHECK(packets.met() == false);
  CHECK_FALSE(packets.ratio());
}

TEST_CASE("a lost flow is a live one or one that was to be opened, and none may be") {
  CHECK(row(document_of({run_of("stillwater", "freeze:500ms", 9, 0, 2, 3)}), "lost_flows.freeze").median() ==
        5);
  for (const BenchFault& it : bench_faults()) {
    const std::string fault(it.fault);
    const std::string id = "lost_flows." + std::string(it.name);
    CHECK(row(document_of({run_of("stillwater", fault, 9, 9)}), id).met() == true);
    CHECK(row(document_of({run_of("stillwater", fault, 9, 9, 1, 0)}), id).met() == false);
  }
}

TEST_CASE("the targets are 10, 25 and 35 ms in the median, and 60 ms at the worst after a loss of power") {
  const auto [fault, id, good, bad] = GENERATE(table<std::string, std::string, double, double>({
      {"kill", "outage_ms.kill", 10, 10.1},
      {"power", "outage_ms.power", 25, 25.1},
      {"freeze:500ms", "outage_ms.freeze", 35, 35.1},
  }));
  CHECK(row(document_of({run_of("stillwater", fault, good, 0)}), id).met() == true);
  CHECK(row(document_of({run_of("stillwater", fault, bad, 0)}), id).met() == false);
  std::vector<RunRecord> runs(3, run_of("stillwater", "power", 20, 0));
  runs.push_back(run_of("stillwater", "power", 60, 0));
  CHECK(row(document_of(runs), "outage_ms.power").met() == true);
  runs.push_back(run_of("stillwater", "power", 60.1, 0));
  CHECK(row(document_of(runs), "outage_ms.power").met() == false);
}

TEST_CASE("a run that could not be measured meets no target, and a path that stays dead is said to be") {
  const RunRecord good = run_of("stillwater", "kill", 5, 0);
  const BenchRow some = row(document_of({good, failed(good)}), "outage_ms.kill");
  CHECK(some.samples.size() == 1);
  CHECK(some.met() == false);
  CHECK(some.note == "1 of 2 runs could not be measured");
  const BenchRow none = row(document_of({failed(good)}), "outage_ms.kill");
  CHECK_FALSE(none.median());
  CHECK(none.met() == false);
  RunRecord dead = run_of("stillwater", "cut-inside", 4000, 9999);
  dead.timeline.gaps = {{0, 4000, 9999}};
  CHECK(row(document_of({dead}), "outage_ms.data_link").note ==
        "in 1 of 1 runs the last probe did not arrive: the path may be dead");
}

TEST_CASE("what is lost at other times than the failover is no figure of the fault, and is said") {
  RunRecord run = run_of("stillwater", "kill", 5, 7);
  run.figures["probe_lost_steady"] = 30;
  const BenchRow packets = row(document_of({run}), "lost_packets.kill");
  CHECK(packets.median() == 7);
  CHECK(packets.note == "and 30 a run, in the median, at other times than the failover");
}

TEST_CASE("every term that comes without a fault is a false failover") {
  RunRecord quiet = run_of("stillwater", "none", 0, 0);
  quiet.figures["terms"] = 0;
  RunRecord nervous = quiet;
  nervous.figures["terms"] = 2;
  const BenchRow none = row(document_of({quiet}), "false_failovers");
  CHECK(none.median() == 0);
  CHECK(none.met() == true);
  CHECK(none.note == "in 180 s each");
  CHECK(row(document_of({quiet, quiet, nervous}), "false_failovers").met() == false);
}

TEST_CASE("failover.json has the shape of the other benchmarks', with spread, bound and verdict") {
  std::vector<RunRecord> runs{run_of("keepalived-10ms", "power", 50, 0)};
  for (const double outage_ms : {20, 21, 22, 23, 70})
    runs.push_back(run_of("stillwater", "power", outage_ms, 0));
  const std::string json = to_json(bench_rows(document_of(runs)), "2026-01-01T00:00:00Z", "");
  CHECK(nlohmann::json::parse(json)["machine"].contains("cores"));
  const nlohmann::json outage = row(json, "outage_ms.power");
  const nlohmann::json expected{{"id", "outage_ms.power"},
                                {"unit", "ms"},
                                {"value", 22.0},
                                {"p50", 22.0},
                                {"min", 20.0},
                                {"p25", 21.0},
                                {"p75", 23.0},
                                {"p99", 23.0},
                                {"max", 70.0},
                                {"repetitions", 5},
                                {"bound", 50.0},
                                {"bound_of", "keepalived-10ms"},
                                {"ratio", 0.44},
                                {"target", 25.0},
                                {"target_worst", 60.0},
                                {"met", false},
                                {"started", "2026-01-01T00:00:00Z"}};
  CHECK(outage == expected);
  const std::string table = to_table(bench_rows(document_of(runs)));
  CHECK_THAT(table, Catch::Contains("25 (60)  MISSED"));
  CHECK_THAT(table, Catch::Contains("met\n"));
}

TEST_CASE("what was measured before is kept, but for what is measured anew") {
  const std::string before = to_json(
      bench_rows(document_of({run_of("stillwater", "kill", 5, 0), run_of("stillwater", "power", 20, 0)})),
      "first", "not even JSON");
  const std::string after =
      to_json(bench_rows(document_of({run_of("stillwater", "kill", 7, 0)})), "second", before);
  CHECK(row(after, "outage_ms.kill")["value"] == 7.0);
  CHECK(row(after, "outage_ms.kill")["started"] == "second");
  CHECK(row(after, "outage_ms.power")["started"] == "first");
  CHECK(nlohmann::json::parse(after)["results"].size() == nlohmann::json::parse(before)["results"].size());
}

}  // namespace stillwater::rig
