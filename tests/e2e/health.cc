// Nodes that live, and are of little use: without a link, without the hosts they must reach, with a worker
// that hangs. And heartbeats that go by more ways than state does.
#include <catch2/catch.hpp>

#include "tests/e2e/pair_fixture.h"
#include "tests/e2e/stopped_thread.h"
#include "tests/rig/process/command.h"

namespace stillwater::e2e {
namespace {

void act(const PairFixture& pair, std::vector<std::string> words) {
  words.insert(words.begin(), {"ip", "-n", pair.network.space("net").name(), "link", "set"});
  REQUIRE(rig::must_run(words).has_value());
}

bool says(const NodeUnderTest& node, const std::string& key, const std::string& words) {
  return node.status().value(key, std::string()).find(words) != std::string::npos;
}

void require_handed_over_to_b(PairFixture& pair) {
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  REQUIRE(eventually(10s, [&] { return pair.b.role() == "active"; }));
  CHECK(pair.a.role() == "standby");
  pair.require_flows_survive();
}

}  // namespace

TEST_CASE(
    "an active whose port loses its link hands over; the link that is back does not fetch the lead back") {
  const Edit edit = with_tracking("recovery: 200ms");
  PairFixture pair("link-lost", edit, edit);
  pair.start_in_sync();
  pair.open_flows(50);
  act(pair, {"in-active", "down"});
  require_handed_over_to_b(pair);
  CHECK(says(pair.a, "health", "port inside has no link (100)"));
  CHECK(pair.b.status().value("peer_penalty", 0) == 100);
  const auto term = pair.b.status().value("term", 0);
  act(pair, {"in-active", "up"});
  REQUIRE(eventually(10s, [&] { return pair.a.status().value("health", std::string("?")).empty(); }));
  REQUIRE(eventually(10s, [&] { return pair.b.status().value("peer_penalty", 1) == 0; }));
  CHECK(pair.b.role() == "active");
  CHECK(pair.b.status().value("term", 0) == term);
}

TEST_CASE(
    "links that both nodes lack move no lead, and none is handed to a node that is less fit, but by force") {
  PairFixture pair("links-lost");
  pair.start_in_sync();
  pair.open_flows(20);
  act(pair, {"in-standby", "down"});
  REQUIRE(eventually(10s, [&] { return pair.a.status().value("peer_penalty", 0) == 100; }));
  CHECK_FALSE(pair.a.obeys({"switchover"}));
  CHECK(pair.a.role() == "active");
  act(pair, {"in-active", "down"});
  REQUIRE(eventually(10s, [&] { return says(pair.a, "health", "port inside has no link"); }));
  CHECK(pair.a.obeys({"switchover"}));
  CHECK(pair.b.role() == "active");
}

TEST_CASE("an active that does not reach a tracked host any more hands over, though its links stand") {
  const Edit edit = with_tracking(
      "interval: 50ms, probe_peer: false, targets: [{port: inside, address: 10.80.1.2, weight: 30}]");
  PairFixture pair("target-lost", edit, edit);
  pair.start_in_sync();
  pair.open_flows(50);
  act(pair, {"in-active", "nomaster"});
  require_handed_over_to_b(pair);
  CHECK(says(pair.a, "health", "10.80.1.2 does not answer at port inside (30)"));
  CHECK_FALSE(says(pair.a, "health", "link"));
}

TEST_CASE(
    "a host that both nodes lose, and find again, moves no lead; nor does a standby that knows nothing yet") {
  const Edit edit = with_tracking(
      "interval: 50ms, recovery: 100ms, targets: [{port: inside, address: 10.80.1.2, weight: 30}]");
  PairFixture pair("host-lost-by-both", edit, edit);
  pair.start_in_sync();
  const auto both_say = [&](const char* words) {
    return eventually(10s, [&] { return says(pair.a, "health", words) && says(pair.b, "health", words); });
  };
  const auto both_are_well = [&] {
    return eventually(10s, [&] {
      return pair.a.status().value("health", std::string("?")).empty() &&
             pair.b.status().value("health", std::string("?")).empty();
    });
  };
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  REQUIRE(both_are_well());
  for (int times = 0; times < 3; ++times) {
    act(pair, {"in-client", "down"});
    REQUIRE(both_say("10.80.1.2 does not answer"));
    act(pair, {"in-client", "up"});
    REQUIRE(both_are_well());
  }
  CHECK(pair.a.role() == "active");
  CHECK(pair.a.log().find("handing over") == std::string::npos);
}

TEST_CASE(
    "an active that lives and does not answer any more at a data port, as its standby sees it, hands over") {
  const Edit edit = with_tracking("interval: 50ms");
  PairFixture pair("mute", edit, edit);
  pair.start_in_sync();
  pair.open_flows(50);
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  REQUIRE(eventually(10s, [&] { return pair.a.status().value("can_fail_over", false); }));
  act(pair, {"in-active", "nomaster"});
  require_handed_over_to_b(pair);
  CHECK(pair.a.log().find("it gets no answer from this node's data ports") != std::string::npos);
}

TEST_CASE("an active with a worker that hangs ends itself, and the standby takes over with every session") {
  const Edit edit = with_tracking("worker_timeout: 300ms");
  PairFixture pair("worker-stuck", edit, edit);
  pair.start_in_sync();
  pair.open_flows(50);
  {
    const StoppedThread stuck(pair.a.pid(), "sw-worker-0");
    INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
    REQUIRE(eventually(10s, [&] { return pair.b.role() == "standalone"; }));
  }
  CHECK(pair.a.exit_status_within(5s) == 70);
  CHECK(pair.a.log().find("worker 0 has not stepped on") != std::string::npos);
  pair.require_flows_survive();
}

TEST_CASE("a leader with a worker that hangs goes on where nobody can take over, and says so") {
  const Edit edit = with_tracking("worker_timeout: 300ms");
  PairFixture pair("worker-stuck-alone", edit, edit);
  pair.start_in_sync();
  pair.b.stop();
  REQUIRE(eventually(10s, [&] { return pair.a.role() == "standalone"; }));
  {
    const StoppedThread stuck(pair.a.pid(), "sw-worker-0");
    REQUIRE(eventually(10s, [&] { return says(pair.a, "stuck", "worker 0 has not stepped on"); }));
    CHECK(pair.a.role() == "standalone");
  }
  REQUIRE(eventually(10s, [&] { return pair.a.status().value("stuck", std::string("?")).empty(); }));
}

TEST_CASE(
    "heartbeats by a data port and by another address keep a standby from a takeover when both cables are "
    "cut") {
  const bool fenced = GENERATE(false, true);
  const auto edit_for = [&](const std::string& listen, const std::string& peer) -> Edit {
    return [=](std::string text) {
      text = with_second_path(std::move(text));
      return replaced(std::move(text), "\nreplication:\n",
                      "\nreplication:\n  heartbeat_ports: [outside]\n  heartbeat_paths: [{listen: " + listen +
                          ", peer: " + peer + "}]\n" + (fenced ? "  fence: ebpf\n" : ""));
    };
  };
  // The third way is named and never there: it harms nothing.
  PairFixture pair(fenced ? "more-heartbeats-fenced" : "more-heartbeats",
                   edit_for("10.80.5.2:7701", "10.80.4.2:7701"),
                   edit_for("10.80.4.2:7701", "10.80.5.2:7701"));
  pair.start_in_sync();
  pair.open_flows(50);
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  REQUIRE(eventually(10s, [&] {
    return says(pair.a, "paths", "port outside heard") && says(pair.b, "paths", "port outside heard");
  }));
  CHECK(says(pair.a, "paths", "10.80.5.2 silent"));
  pair.set_replication_cable("down");
  pair.set_replication_cable("down", "repl1");
  REQUIRE(eventually(10s, [&] { return pair.a.role() == "standalone"; }));
  REQUIRE(eventually(10s, [&] {
    return says(pair.a, "paths", "1 silent, 2 silent, 10.80.5.2 silent, port outside heard");
  }));
  CHECK(pair.b.status().value("last_takeover", std::string()).empty());
  CHECK(pair.b.log().find("takes over") == std::string::npos);
  pair.require_flows_survive();
  pair.set_replication_cable("up");
  REQUIRE(eventually(20s, [&] { return pair.a.status().value("can_fail_over", false); }));
}

TEST_CASE("an interface that has the virtual MAC itself sends nothing in the node's own name") {
  const bool asked_to = GENERATE(false, true);
  const Edit edit = [asked_to](std::string text) {
    return asked_to ? replaced(std::move(text), "\nreplication:\n",
                               "\nreplication:\n  heartbeat_ports: [inside]\n")
                    : text;
  };
  PairFixture pair(asked_to ? "virtual-mac-asked" : "virtual-mac", edit, edit);
  REQUIRE(rig::must_run({"ip", "-n", pair.network.space("active").name(), "link", "set", "in0", "address",
                         "02:53:57:00:01:01"})
              .has_value());
  if (asked_to) {
    pair.a.start();
    CHECK(pair.a.exit_status_within(20s) == 1);
    CHECK(pair.a.log().find("interface in0 has the port's virtual MAC itself") != std::string::npos);
    return;
  }
  pair.start_in_sync();
  CHECK(pair.a.log().find("the peer's ports are not probed: interface in0 has the port's virtual MAC") !=
        std::string::npos);
}

}  // namespace stillwater::e2e
