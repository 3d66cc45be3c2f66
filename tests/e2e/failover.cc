// What a pair does when its active goes: real daemons, real connections, real death.
#include <catch2/catch.hpp>

#include "tests/e2e/pair_fixture.h"
#include "tests/rig/faults/shipment_kill.h"

namespace stillwater::e2e {

TEST_CASE(
    "Q7 Q9 P7: an active killed in the middle of a shipment: the standby rolls back and serves every "
    "session") {
  const auto step = GENERATE(rig::ShipmentStep::before_second_group, rig::ShipmentStep::before_commit_record);
  PairFixture pair(step == rig::ShipmentStep::before_second_group ? "kill-second-group"
                                                                  : "kill-commit-record");
  pair.start_in_sync();
  pair.open_flows(100, 100);
  pair.load->new_connections().start();  // keeps hard state changing, so that shipments go on

  const Status killed = rig::kill_in_shipment(pair.a.pid(), step, 10s);
  INFO((killed ? std::string("killed") : killed.error().message));
  REQUIRE(killed.has_value());

  INFO(pair.b.log());
  REQUIRE(eventually(10s, [&] { return pair.b.role() == "standalone"; }));
  const std::string groups =
      step == rig::ShipmentStep::before_second_group ? "rolled back 1 group" : "rolled back ";
  CHECK(pair.b.log().find(groups) != std::string::npos);
  pair.require_flows_survive();
}

TEST_CASE("a planned stop hands over: the standby leads at once and no session is lost") {
  PairFixture pair("planned-stop");
  pair.start_in_sync();
  pair.open_flows(100);
  pair.a.stop();
  INFO(pair.b.log());
  REQUIRE(eventually(5s, [&] { return pair.b.role() == "standalone"; }));
  CHECK(pair.b.status().value("role_reason", std::string()).find("planned stop") != std::string::npos);
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

TEST_CASE("a cut cable with prefer availability: both lead, and when it heals the lesser term steps down") {
  PairFixture pair("cable-availability");
  pair.start_in_sync();
  pair.set_replication_cable("down");
  REQUIRE(eventually(10s, [&] { return pair.b.role() == "standalone" && pair.a.role() == "standalone"; }));
  CHECK(pair.b.status().value("term", 0) > pair.a.status().value("term", 0));
  pair.set_replication_cable("up");
  const bool whole = eventually(20s, [&] { return pair.b.status().value("can_fail_over", false); });
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  REQUIRE(whole);
  CHECK(pair.b.role() == "active");
  CHECK(pair.a.role() == "standby");
}

TEST_CASE(
    "a cut cable with prefer safety: the standby stays one and says why; healed, the pair is whole again") {
  const auto safe = [](std::string text) {
    return text.replace(text.find("prefer: availability"), std::string_view("prefer: availability").size(),
                        "prefer: safety");
  };
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
