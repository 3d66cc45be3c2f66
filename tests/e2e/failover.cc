// What a pair does when its active goes: real daemons, real connections, real death.
#include <set>

#include <catch2/catch.hpp>

#include "tests/e2e/pair_fixture.h"
#include "tests/rig/faults/crash.h"

namespace stillwater::e2e {
namespace {

// In place of verification, which is for marks.
Edit with_tracker(const std::string& name) {
  return [name](std::string text) {
    const std::string verify = "  verify: true\n";
    if (const std::size_t at = text.find(verify); at != std::string::npos) text.erase(at, verify.size());
    const std::string section = "\ncheckpoint:\n";
    return text.insert(text.find(section) + section.size(), "  tracker: " + name + "\n");
  };
}

// Of hundreds of sessions: a small epoch leaves in one piece with its commit record.
std::string large_epochs(std::string text) {
  text = replaced(std::move(text), "  interval: 1ms", "  digest_interval: 2s\n  interval: 2s");
  return replaced(std::move(text), "output_commit: new-state", "output_commit: none");
}

}  // namespace

TEST_CASE(
    "Q7 Q9 P7: an active killed in the middle of a shipment: the standby rolls back and serves every "
    "session") {
  const std::string step = GENERATE(as<std::string>{}, "ship", "commit-record");
  PairFixture pair("kill-" + step, large_epochs, large_epochs);
  pair.start_in_sync();
  pair.open_flows(100, 400);
  const auto committed = [&] { return pair.b.status().value("committed_epoch", std::uint64_t{0}); };
  pair.load->new_connections().start();  // keeps hard state changing, so that shipments go on
  REQUIRE(eventually(20s, [&, opened = committed()] { return committed() > opened + 1; }));

  const auto killed = rig::crash_step(step).and_then(
      [&](const rig::CrashStep& it) { return rig::crash_at(pair.a.pid(), it, 10s); });
  INFO((killed ? std::string("killed") : killed.error().message));
  REQUIRE(killed.has_value());

  INFO(pair.b.log());
  REQUIRE(eventually(10s, [&] { return pair.b.role() == "standalone"; }));
  // Before the commit record most groups of a large epoch have been sent, before the shipment none.
  CHECK((pair.b.log().find("rolled back ") != std::string::npos) == (step == "commit-record"));
  pair.require_flows_survive();
}

TEST_CASE("a killed active is succeeded on its kernel's word, long before its lease could end") {
  const Edit patient = [](std::string text) {
    text = replaced(std::move(text), "failure_timeout: 300ms", "failure_timeout: 10s");
    return replaced(std::move(text), "lease: 250ms", "lease: 8s");
  };
  PairFixture pair("kernels-word", patient, patient);
  pair.start_in_sync();
  CHECK(pair.a.status().value("link_protection", std::string()) == "not encrypted");
  pair.open_flows(20, 20);
  pair.a.kill();
  INFO(pair.b.log());
  REQUIRE(eventually(4s, [&] { return pair.b.role() == "standalone"; }));
  CHECK(pair.b.log().find("fw-a is gone") != std::string::npos);
  pair.require_flows_survive();
}

TEST_CASE("M2: a pair whose writes are found by pages, not by marks, loses no session when the active dies") {
  const std::string tracker = GENERATE(as<std::string>{}, "pagemap", "mprotect");
  if (tracker == "pagemap" && !can_verify()) return;  // which says why
  PairFixture pair("tracker-" + tracker, with_tracker(tracker), with_tracker(tracker));
  pair.start_in_sync();
  CHECK(pair.a.status()["checkpoint"].value("tracker", std::string()) == tracker);
  pair.open_flows(100, 100);
  pair.load->new_connections().start();
  pair.a.kill();
  INFO(pair.b.log());
  REQUIRE(eventually(10s, [&] { return pair.b.role() == "standalone"; }));
  pair.require_flows_survive();
}

TEST_CASE(
    "sessions whose end an operator was told of are gone on the successor, however soon the active dies") {
  const auto sources = [](const NodeUnderTest& node) {
    std::set<std::string> found;
    const nlohmann::json answer = node.ask({"sessions", "--limit", "1000"});
    for (const auto& session : answer["sessions"]) found.insert(session.value("source", std::string()));
    return found;
  };
  PairFixture pair("ended-sessions");
  pair.start_in_sync();
  pair.open_flows(200);
  const std::set<std::string> there = sources(pair.a);
  REQUIRE(there.size() >= 200);
  const auto ended = pair.a.ask({"end-sessions", "--protocol", "tcp"});
  pair.a.kill();
  INFO(ended.dump());
  CHECK(ended.value("sessions", 0u) >= 200);
  CHECK(ended.value("committed_epoch", std::uint64_t{0}) > 0);
  INFO(pair.b.log());
  REQUIRE(eventually(10s, [&] { return pair.b.role() == "standalone"; }));
  for (const std::string& source : sources(pair.b)) CHECK_FALSE(there.contains(source));
}

TEST_CASE("a planned stop hands over: the standby leads at once and no session is lost") {
  PairFixture pair("planned-stop");
  pair.start_in_sync();
  pair.open_flows(100);
  pair.a.stop();
  INFO(pair.b.log());
  REQUIRE(eventually(5s, [&] { return pair.b.role() == "standalone"; }));
  CHECK(pair.b.log().find("planned switchover of fw-a") != std::string::npos);
  pair.require_flows_survive();
}

TEST_CASE(
    "a switchover by command, and back again: held down at first, both in sync all along, no session lost") {
  PairFixture pair("switchover");
  pair.start_in_sync();
  pair.open_flows(100);
  CHECK_FALSE(pair.b.obeys({"switchover"}));  // it does not lead
  const auto there = pair.a.ask({"switchover"});
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  REQUIRE(there.value("active", std::string()) == "fw-b");
  REQUIRE(eventually(5s, [&] { return pair.b.status().value("can_fail_over", false); }));
  CHECK(pair.a.role() == "standby");
  CHECK(pair.b.log().find("was removed from the in-sync set") == std::string::npos);
  pair.require_flows_survive();

  CHECK_FALSE(pair.b.obeys({"switchover"}));
  const auto back = pair.b.ask({"switchover", "--force"});
  REQUIRE(back.value("active", std::string()) == "fw-a");
  CHECK(back.value("term", std::uint64_t{0}) == there.value("term", std::uint64_t{0}) + 1);
  REQUIRE(eventually(5s, [&] { return pair.a.status().value("can_fail_over", false); }));
  pair.require_flows_survive();
}

TEST_CASE("preempt: the preferred node is handed the lead once it is in sync and the hold-down is over") {
  const auto preempts = [](std::string text) { return text + "preempt: yes\nhold_down: 1s\n"; };
  PairFixture pair("preempt", preempts, preempts);
  pair.start_in_sync();
  pair.open_flows(50);
  pair.a.kill();
  REQUIRE(eventually(10s, [&] { return pair.b.role() == "standalone"; }));
  pair.a.start();
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  REQUIRE(eventually(20s, [&] { return pair.a.role() == "active"; }));
  CHECK(pair.b.log().find("fw-a is in sync and preferred: handing over") != std::string::npos);
  REQUIRE(eventually(5s, [&] { return pair.b.role() == "standby"; }));
  pair.require_flows_survive();
}

TEST_CASE("a restarted active finds its successor, is filled, and can take over in turn") {
  PairFixture pair("there-and-back");
  pair.start_in_sync();
  pair.open_flows(50);
  pair.a.kill();
  REQUIRE(eventually(10s, [&] { return pair.b.role() == "standalone"; }));
  pair.a.start();
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  REQUIRE(eventually(20s, [&] { return pair.b.status().value("can_fail_over", false); }));
  CHECK(pair.a.role() == "standby");
  CHECK(pair.b.role() == "active");
  pair.b.kill();
  REQUIRE(eventually(10s, [&] { return pair.a.role() == "standalone"; }));
  pair.require_flows_survive();
}

TEST_CASE(
    "without an arbiter, a cut cable with prefer availability: both lead, and when it heals one steps down") {
  const auto available = [](std::string text) { return without_arbiter(std::move(text), "availability"); };
  PairFixture pair("cable-availability", available, available);
  pair.start_in_sync();
  pair.set_replication_cable("down");
  REQUIRE(eventually(10s, [&] { return pair.b.role() == "standalone" && pair.a.role() == "standalone"; }));
  pair.set_replication_cable("up");
  const bool whole = eventually(20s, [&] {
    return pair.a.status().value("can_fail_over", false) && pair.b.status().value("can_fail_over", false);
  });
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  REQUIRE(whole);
  CHECK((pair.a.role() == "active") != (pair.b.role() == "active"));
}

TEST_CASE(
    "a node that starts while the cable between the nodes is down waits for it, and joins when it is up") {
  PairFixture pair("cable-at-start");
  pair.start_in_sync();
  pair.b.kill();
  pair.set_replication_cable("down");
  pair.b.start();
  REQUIRE(eventually(10s, [&] { return pair.b.role() == "starting"; }));
  pair.set_replication_cable("up");
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  REQUIRE(eventually(20s, [&] { return pair.a.status().value("can_fail_over", false); }));
}

TEST_CASE("the only member loses its memory while the other is fenced: it says what lets it begin anew") {
  PairFixture pair("only-member");
  pair.start_in_sync();
  pair.set_replication_cable("down");
  REQUIRE(eventually(10s, [&] { return pair.a.role() == "standalone" && pair.b.role() == "fenced"; }));
  pair.a.kill();
  pair.a.start();
  pair.set_replication_cable("up");
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  REQUIRE(eventually(10s, [&] {
    const std::string why = pair.a.status().value("role_reason", std::string());
    return why.find("with cold_start: allow it begins without") != std::string::npos;
  }));
  CHECK(pair.b.role() == "fenced");
}

TEST_CASE("a cut cable with a witness: one node leads, the other is fenced, and heals into the standby") {
  PairFixture pair("cable-witness");
  pair.start_in_sync();
  pair.open_flows(50);
  pair.set_replication_cable("down");
  const auto one_leads_alone = [&] {
    const std::string a = pair.a.role(), b = pair.b.role();
    return (a == "standalone" && b == "fenced") || (a == "fenced" && b == "standalone");
  };
  const bool decided = eventually(10s, one_leads_alone);
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  REQUIRE(decided);
  pair.require_flows_survive();
  pair.set_replication_cable("up");
  const bool whole = eventually(20s, [&] {
    return pair.a.status().value("can_fail_over", false) && pair.b.status().value("can_fail_over", false);
  });
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  REQUIRE(whole);
  const std::string filler = pair.a.role() == "active" ? pair.a.log() : pair.b.log();
  CHECK(filler.find("what changed since then is sent") != std::string::npos);
  pair.require_flows_survive();
}

TEST_CASE(
    "without its witness a pair goes on, says that it cannot fail over, and can again when it is back") {
  PairFixture pair("witness-lost");
  pair.start_in_sync();
  pair.open_flows(50);
  pair.kill_witness();
  REQUIRE(eventually(10s, [&] {
    return pair.a.status().value("cannot_fail_over_because", std::string()).find("arbiter") !=
           std::string::npos;
  }));
  CHECK(pair.a.role() == "active");
  pair.require_flows_survive();
  pair.start_witness();
  REQUIRE(eventually(20s, [&] { return pair.b.status().value("can_fail_over", false); }));
  pair.a.kill();
  INFO("fw-b: " << pair.b.log());
  REQUIRE(eventually(10s, [&] { return pair.b.role() == "standalone"; }));
  pair.require_flows_survive();
}

TEST_CASE("both nodes lose power: the pair begins anew together, and neither begins alone") {
  PairFixture pair("power-both");
  pair.start_in_sync();
  pair.a.kill();
  pair.b.kill();
  pair.a.start();
  const bool says_who_held_it = eventually(10s, [&] {
    return pair.a.status().value("role_reason", std::string()).find("has the state at") != std::string::npos;
  });
  INFO("fw-a: " << pair.a.log());
  REQUIRE(says_who_held_it);
  CHECK(pair.a.role() == "starting");
  pair.b.start();
  const bool whole = eventually(20s, [&] {
    return pair.a.status().value("can_fail_over", false) && pair.b.status().value("can_fail_over", false);
  });
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  REQUIRE(whole);
}

TEST_CASE(
    "a cut cable with prefer safety: the standby stays one and says why; healed, the pair is whole again") {
  const auto safe = [](std::string text) { return without_arbiter(std::move(text), "safety"); };
  PairFixture pair("cable-safety", safe, safe);
  pair.start_in_sync();
  pair.set_replication_cable("down");
  REQUIRE(eventually(10s, [&] { return pair.a.role() == "standalone"; }));
  REQUIRE(eventually(10s, [&] {
    return pair.b.status().value("role_reason", std::string()).find("prefer: safety") != std::string::npos;
  }));
  CHECK(pair.b.role() == "standby");
  pair.set_replication_cable("up");
  REQUIRE(eventually(20s, [&] { return pair.a.status().value("can_fail_over", false); }));
  CHECK(pair.a.role() == "active");
}

TEST_CASE("a standby that is killed costs nothing; a new one is filled while traffic runs") {
  PairFixture pair("standby-killed");
  pair.a.start();
  INFO(pair.a.log());
  REQUIRE(eventually(30s, [&] { return pair.a.role() == "standalone"; }));
  pair.open_flows(50);
  for (int round = 0; round < 2; ++round) {
    pair.b.start();
    REQUIRE(eventually(20s, [&] { return pair.a.status().value("can_fail_over", false); }));
    pair.b.kill();
    REQUIRE(eventually(10s, [&] { return pair.a.role() == "standalone"; }));
    CHECK_FALSE(pair.a.status().value("cannot_fail_over_because", std::string()).empty());
  }
  pair.require_flows_survive();
}

}  // namespace stillwater::e2e
