// The matrix: what is drawn, what two faults may cost, who is meant by a role.
#include <set>

#include <catch2/catch.hpp>

#include "tests/rig/faults/schedule.h"
#include "tests/rig/matrix/by_role.h"
#include "tests/rig/matrix/draw.h"
#include "tests/rig/matrix/matrix_run.h"
#include "tests/rig/matrix/promise.h"
#include "tests/rig/matrix/report.h"
#include "tests/rig/run/preflight.h"
#include "tests/rig/scenario/library.h"
#include "tests/unit/rig/harmless_pair.h"

namespace stillwater::rig {
namespace {

const std::vector<std::string> kMenu{"kill:2s", "restart", "freeze:500ms", "witness-down:1s", "clock-step"};

std::vector<std::string> schedules(std::uint64_t seed, std::size_t count) {
  Deck deck(kMenu, 200ms, seed);
  std::vector<std::string> drawn;
  while (drawn.size() < count) {
    const Draw draw = deck.next();
    drawn.push_back(draw.schedule() + (draw.floods ? " flooding" : ""));
  }
  return drawn;
}

bool forgets(const std::string& first, const std::string& second) {
  return may_forget(*toll_of(first), *toll_of(second)).has_value();
}

StrikeRecord good_strike() {
  return {.number = 7,
          .at = "2026-01-02T03:04:05.678Z",
          .draw = {.first = "kill:2s", .second = "clock-step", .offset = 20ms},
          .leader_before = "active",
          .leader_after = "standby",
          .outage_ms = 9,
          .whole_ms = 800,
          .not_whole_because = {},
          .asked = 250,
          .serves = true,
          .stale_frames = 32,
          .wire = "wire: clean"};
}

std::string broken(const StrikeRecord& record) {
  std::string all;
  for (const std::string& reason : broken_promises(record, 32)) all += reason + "; ";
  return all;
}

}  // namespace

TEST_CASE("one seed draws the same faults in the same order, another one others") {
  CHECK(schedules(7, 40) == schedules(7, 40));
  CHECK(schedules(7, 40) != schedules(8, 40));
}

TEST_CASE("every pair of different faults comes up once before any comes up again") {
  Deck deck(kMenu, 200ms, GENERATE(1, 2, 3));
  REQUIRE(deck.pairs() == 10);
  for (int round = 0; round < 3; ++round) {
    std::set<std::set<std::string>> seen;
    for (std::size_t i = 0; i < deck.pairs(); ++i) {
      const Draw draw = deck.next();
      CHECK(draw.first != draw.second);
      seen.insert({draw.first, draw.second});
    }
    CHECK(seen.size() == deck.pairs());
  }
}

TEST_CASE("offsets, the order of a pair and flooding take all their values, and no others") {
  Deck deck(kMenu, 4ms, 1);
  std::set<Nanos> offsets;
  std::set<std::string> orders;
  std::set<bool> floods;
  for (int i = 0; i < 500; ++i) {
    const Draw draw = deck.next();
    const auto schedule = schedule_faults(draw.schedule(), 0);
    REQUIRE(schedule);
    REQUIRE(schedule->size() == 2);
    CHECK((*schedule)[0].fault == draw.first);
    CHECK((*schedule)[1].fault == draw.second);
    CHECK((*schedule)[1].after == draw.offset);
    offsets.insert(draw.offset);
    orders.insert(draw.first + draw.second);
    floods.insert(draw.floods);
  }
  CHECK(offsets == std::set<Nanos>{0ms, 1ms, 2ms, 3ms, 4ms});
  CHECK(orders.size() == 2 * deck.pairs());
  CHECK(floods.size() == 2);
}

TEST_CASE("sessions may be forgotten only where the last member of the in-sync set lost its memory") {
  CHECK(forgets("power-both:2s", "clock-step"));
  CHECK(forgets("witness-down:1s", "power-both"));
  CHECK(forgets("kill:2s", "standby-lost:2s"));
  CHECK(forgets("restart-standby", "restart"));
  CHECK(forgets("freeze:500ms", "standby-lost:2s"));  // the successor was alone
  CHECK(forgets("freeze-standby", "power:2s"));       // so was the active
  CHECK(forgets("cut-replication:1s", "kill:2s"));    // or either
  CHECK(forgets("cut-replication:1s", "restart-standby"));

  CHECK_FALSE(forgets("standby-lost:2s", "freeze:500ms"));  // a frozen active keeps what it holds
  CHECK_FALSE(forgets("kill:2s", "freeze-standby"));
  CHECK_FALSE(forgets("kill:2s", "cut-replication:1s"));
  CHECK_FALSE(forgets("kill:2s", "restart"));
  CHECK_FALSE(forgets("freeze:500ms", "kill:2s"));
  CHECK_FALSE(forgets("freeze:500ms", "freeze-standby"));
  for (const char* moves_nobody : {"cut-inside:1s", "cut-witness:1s", "witness-down:1s", "clock-step"}) {
    CAPTURE(moves_nobody);
    CHECK_FALSE(forgets(moves_nobody, "power:2s"));
    CHECK_FALSE(forgets("power:2s", moves_nobody));
    CHECK_FALSE(forgets("cut-replication:1s", moves_nobody));
  }
  CHECK_FALSE(toll_of("planned-stop"));
}

TEST_CASE("a strike that kept every promise is good, and each broken promise is said") {
  CHECK(broken(good_strike()).empty());
  const auto with = [](const auto& change) {
    StrikeRecord record = good_strike();
    change(record);
    return broken(record);
  };
  CHECK(with([](StrikeRecord& it) { it.stale_frames = 33; }).find("33 frames of the old active") == 0);
  CHECK(with([](StrikeRecord& it) { it.wrong_ports = 1; }).find("1 frames of a virtual MAC") == 0);
  CHECK(with([](StrikeRecord& it) { it.duplicates = 2; }).find("2 datagrams came out twice") == 0);
  CHECK(with([](StrikeRecord& it) { it.forgotten = 3; }).find("3 of 250 answered sessions") == 0);
  CHECK(with([](StrikeRecord& it) { it.serves = false; }).find("the pair served no new session") == 0);
  CHECK(with([](StrikeRecord& it) { it.errors = {"digests"}; }) == "digests; ");
  const std::string never = with([](StrikeRecord& it) {
    it.whole_ms.reset();
    it.not_whole_because = "fw-b is syncing";
  });
  CHECK(never == "the pair did not become whole again: fw-b is syncing; ");
}

TEST_CASE("stale frames are those of the node that does not lead in the end, whichever came in later") {
  WireVerdict verdict;
  CHECK(stale_frames(verdict, "b") == 0);
  verdict.overlaps = {{.service = "inside",
                       .held_by = "a",
                       .also = "b",
                       .held_by_sent = {.translated = 3},
                       .also_sent = {.translated = 900}}};
  CHECK(stale_frames(verdict, "b") == 3);
  // Thawed after a second and more: then it is the one that came in.
  verdict.overlaps.push_back({.service = "outside",
                              .held_by = "b",
                              .also = "a",
                              .held_by_sent = {.translated = 900},
                              .also_sent = {.arp = 1, .translated = 4}});
  CHECK(stale_frames(verdict, "b") == 5);
}

TEST_CASE("what may be forgotten excuses forgetting and nothing else") {
  StrikeRecord record = good_strike();
  record.may_forget = "both lost power";
  record.forgotten = record.asked;
  CHECK(broken(record).empty());
  record.stale_frames = 33;
  record.duplicates = 1;
  record.serves = false;
  CHECK(broken_promises(record, 32).size() == 3);
}

TEST_CASE("a role is whoever has it now; a node that two faults took away comes back with the last of them") {
  char made[] = "/tmp/rig-matrix-XXXXXX";
  const std::string folder = mkdtemp(made);
  HarmlessPair pair(folder, false);
  auto topology = Topology::build(pair.plan(), own_prefix());
  REQUIRE(topology);
  REQUIRE(pair.start(*topology));
  ByRole by_role(pair, NodeId::standby);
  const pid_t leader = pair.node(NodeId::standby).processes.front();
  CHECK(by_role.node(NodeId::active).processes == std::vector{leader});
  CHECK(by_role.node(NodeId::active).space == "standby");

  by_role.expect_gone(NodeId::active);
  by_role.expect_gone(NodeId::active);
  CHECK(pair.gone == std::vector{NodeId::standby, NodeId::standby});
  CHECK(by_role.node(NodeId::active).processes.empty());
  REQUIRE(by_role.restart(NodeId::active));
  CHECK(by_role.node(NodeId::active).processes.empty());
  CHECK(pair.node(NodeId::standby).processes == std::vector{leader});  // not started yet
  REQUIRE(by_role.restart(NodeId::active));
  REQUIRE(by_role.node(NodeId::active).processes.size() == 1);
  CHECK(by_role.node(NodeId::active).processes.front() != leader);
  std::filesystem::remove_all(folder);
}

TEST_CASE(
    "what a matrix cannot do is said before it starts, and the one that comes with the rig can be done") {
  SystemOptions options;
  options.configs = RIG_CONFIGS_DIR;
  options.templates = RIG_TEMPLATES_DIR;
  options.out = "/tmp/absent";
  auto scenario = load_scenario("matrix", RIG_SCENARIOS_DIR, known_names(options));
  REQUIRE(scenario);
  const auto pair = make_system("stillwater", options);
  REQUIRE(pair);
  const auto wrong = [&] {
    std::string all;
    for (const std::string& it : not_for_a_matrix(*scenario, **pair)) all += it + "\n";
    return all;
  };
  CHECK(wrong().empty());
  scenario->faults = {"kill", "planned-stop"};
  CHECK(wrong().find("kill is never over") != std::string::npos);
  CHECK(wrong().find("'planned-stop' may cost is not known") != std::string::npos);
  scenario->faults = {"kill:2s", "clock-step + restart"};
  CHECK(wrong().find("makes pairs by itself") != std::string::npos);
  scenario->faults = {"kill:2s"};
  CHECK(wrong().find("two faults at least") != std::string::npos);
  scenario->systems = {"stillwater", "linux"};
  CHECK(wrong().find("of one system") != std::string::npos);
  const auto linux_node = make_system("linux", options);
  REQUIRE(linux_node);
  CHECK_FALSE(not_for_a_matrix(*scenario, **linux_node).empty());
}

TEST_CASE("a report says how to see each bad strike again") {
  MatrixReport report;
  report.scenario = "matrix";
  report.seed = 9;
  report.strikes = {good_strike()};
  CHECK(report.good());
  CHECK(to_line(report.strikes[0]).find("kill:2s + clock-step@20ms: active > standby") != std::string::npos);
  report.strikes[0].reasons = {"something"};
  CHECK_FALSE(report.good());
  CHECK(to_line(report.strikes[0]).find("- something\n") != std::string::npos);
  CHECK(to_summary(report, "rig matrix").find("`rig matrix --seed 9 --strikes 7`") != std::string::npos);
  CHECK(to_json(report).find("\"reasons\": [") != std::string::npos);
  report.strikes.clear();
  CHECK_FALSE(report.good());  // nothing was shown
}

}  // namespace stillwater::rig
