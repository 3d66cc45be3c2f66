// A pair whose arbiter is frozen, or slow.
#include <csignal>
#include <set>

#include <catch2/catch.hpp>

#include "tests/e2e/etcd_pair.h"

namespace stillwater::e2e {

TEST_CASE("etcd is frozen when the active dies: nobody leads until it is thawed, and then the standby") {
  EtcdPair pair("etcd-frozen", 3);
  pair.start_in_sync();
  const std::uint64_t term = term_of(pair.b);
  pair.open_watched_flows(50);
  pair.etcd.send(SIGSTOP);
  pair.a.kill();
  INFO("fw-b: " << pair.b.log());
  REQUIRE(eventually(10s, [&] { return waits_for_arbiter(pair.b); }));
  CHECK(pair.b.role() == "standby");
  const Instant thawed = BootClock().now();
  pair.etcd.send(SIGCONT);
  REQUIRE(eventually(15s, [&] { return pair.b.role() == "standalone"; }));
  CHECK(term_of(pair.b) == term + 1);
  pair.require_flows_survive();
  const rig::WireVerdict verdict = pair.require_one_leader_at_a_time();
  CHECK(verdict.handovers.size() == 2);
  for (const rig::Handover& handover : verdict.handovers) CHECK(handover.first_of_new > thawed);
}

// Requests of both lie in the frozen etcd, which carries them out, or not, when it is thawed.
TEST_CASE("etcd is frozen when the cable is cut: both nodes ask for the lead, and one gets it") {
  EtcdPair pair("etcd-contended");
  pair.start_in_sync();
  const std::uint64_t term = term_of(pair.a);
  pair.open_watched_flows(50);
  pair.etcd.send(SIGSTOP);
  pair.set_replication_cable("down");
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  REQUIRE(eventually(15s, [&] { return waits_for_arbiter(pair.a) && waits_for_arbiter(pair.b); }));
  pair.etcd.send(SIGCONT);
  REQUIRE(eventually(15s, [&] {
    const std::set<std::string> roles{pair.a.role(), pair.b.role()};
    return roles == std::set<std::string>{"standalone", "fenced"};
  }));
  const bool a_leads = pair.a.role() == "standalone";
  const NodeUnderTest& leader = a_leads ? pair.a : pair.b;
  CHECK(term_of(leader) == term + 1);
  pair.require_flows_survive();
  CHECK(pair.require_one_leader_at_a_time().handovers.size() == (a_leads ? 0 : 2));
  pair.set_replication_cable("up");
  REQUIRE(eventually(15s, [&] { return leader.status().value("can_fail_over", false); }));
  CHECK(term_of(leader) == term + 2);
}

TEST_CASE("with an etcd that answers after 200 ms no role changes, and a failover takes so much longer") {
  constexpr Nanos kDelay = 200ms;
  EtcdPair pair("etcd-far", 3, SlowArbiter::plan());
  const SlowArbiter slow(pair.network, kDelay);
  pair.start_in_sync();
  pair.open_watched_flows(50);
  const std::uint64_t term = term_of(pair.a);
  const auto epoch = pair.a.status().value("committed_epoch", std::uint64_t{0});
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  bool always = true;  // the pair could fail over
  REQUIRE(eventually(20s, [&] {
    const nlohmann::json status = pair.a.status();
    always = always && status.value("can_fail_over", false) && pair.b.role() == "standby";
    return status.value("committed_epoch", std::uint64_t{0}) > epoch + 1000;
  }));
  CHECK(always);
  CHECK(term_of(pair.a) == term);
  CHECK(pair.a.status().value("standbys_lost", 0) == 0);
  const Instant killed = BootClock().now();
  pair.a.kill();
  REQUIRE(eventually(10s, [&] { return pair.b.role() == "standalone"; }));
  CHECK(term_of(pair.b) == term + 1);
  pair.require_flows_survive();
  const rig::WireVerdict verdict = pair.require_one_leader_at_a_time();
  CHECK(verdict.handovers.size() == 2);
  for (const rig::Handover& handover : verdict.handovers) CHECK(handover.first_of_new - killed > kDelay);
}

TEST_CASE("with a witness that answers after 200 ms a pair comes into sync, and fails over") {
  PairFixture pair("witness-far", {}, {}, SlowArbiter::plan());
  const SlowArbiter slow(pair.network, 200ms);
  pair.start_in_sync();
  pair.open_flows(50);
  pair.a.kill();
  INFO("fw-b: " << pair.b.log());
  REQUIRE(eventually(10s, [&] { return pair.b.role() == "standalone"; }));
  pair.require_flows_survive();
}

}  // namespace stillwater::e2e
