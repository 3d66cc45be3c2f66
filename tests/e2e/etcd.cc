// A pair whose record is in a real etcd that is killed, restarted and robbed of its data.
#include <csignal>

#include <catch2/catch.hpp>

#include "tests/e2e/etcd_pair.h"

namespace stillwater::e2e {
namespace {

bool cannot_fail_over(const NodeUnderTest& node, const std::string& because) {
  return node.status().value("cannot_fail_over_because", std::string()).find(because) != std::string::npos;
}

}  // namespace

TEST_CASE("a pair with etcd fails over; without it, it goes on and says that it cannot, until it is back") {
  EtcdPair pair("etcd");
  pair.start_in_sync();
  pair.open_flows(50);
  pair.etcd.kill();
  REQUIRE(eventually(10s, [&] { return cannot_fail_over(pair.a, "arbiter"); }));
  CHECK(pair.a.role() == "active");
  pair.require_flows_survive();
  pair.etcd.start();
  REQUIRE(eventually(20s, [&] { return pair.b.status().value("can_fail_over", false); }));
  pair.a.kill();
  INFO("fw-b: " << pair.b.log());
  REQUIRE(eventually(10s, [&] { return pair.b.role() == "standalone"; }));
  pair.require_flows_survive();
}

TEST_CASE("an etcd of three loses its leader in the moment in which the pair loses its active") {
  EtcdPair pair("etcd-three", 3);
  pair.start_in_sync();
  const std::uint64_t term = term_of(pair.b);
  pair.open_watched_flows(50);
  pair.etcd.kill(pair.etcd.leader());
  pair.a.kill();
  INFO("fw-b: " << pair.b.log());
  REQUIRE(eventually(15s, [&] { return pair.b.role() == "standalone"; }));
  CHECK(term_of(pair.b) == term + 1);
  pair.require_flows_survive();
  CHECK(pair.require_one_leader_at_a_time().handovers.size() == 2);  // both service addresses moved, once
}

TEST_CASE("etcd is killed in the middle of a takeover, which is completed when it is back with its data") {
  EtcdPair pair("etcd-restarted");
  pair.start_in_sync();
  const std::uint64_t term = term_of(pair.b);
  pair.open_watched_flows(50);
  ::kill(pair.a.pid(), SIGKILL);
  pair.etcd.kill();
  INFO("fw-b: " << pair.b.log());
  REQUIRE(eventually(10s, [&] { return waits_for_arbiter(pair.b) || pair.b.role() == "standalone"; }));
  pair.etcd.start();
  REQUIRE(eventually(20s, [&] { return pair.b.role() == "standalone"; }));
  CHECK(term_of(pair.b) == term + 1);
  pair.require_flows_survive();
  CHECK(pair.require_one_leader_at_a_time().handovers.size() == 2);
}

TEST_CASE("etcd loses its data: the pair does not believe it, goes on, and says that it cannot fail over") {
  EtcdPair pair("etcd-empty");
  pair.start_in_sync();
  pair.open_flows(50);
  const std::uint64_t term = term_of(pair.a);
  pair.etcd.kill();
  pair.etcd.lose_data();
  pair.etcd.start();
  for (const NodeUnderTest* node : {&pair.a, &pair.b})
    REQUIRE(eventually(20s, [&] { return cannot_fail_over(*node, "it lost what it knew"); }));
  CHECK_FALSE(pair.a.obeys({"switchover", "--force"}));
  pair.require_flows_survive();
  CHECK(pair.a.role() == "active");
  CHECK(pair.b.role() == "standby");
  CHECK(term_of(pair.a) == term);

  pair.a.stop();
  pair.b.stop();
  pair.start_in_sync();
  CHECK(term_of(pair.a) == 2);
}

TEST_CASE(
    "etcd has lost its data: a node that comes back leads nobody's sessions away from the one that has "
    "them") {
  EtcdPair pair("etcd-forgot");
  pair.start_in_sync();
  pair.open_watched_flows(50);
  pair.a.kill();
  REQUIRE(eventually(10s, [&] { return pair.b.role() == "standalone"; }));
  const std::uint64_t term = term_of(pair.b);
  pair.etcd.kill();
  pair.etcd.lose_data();
  pair.etcd.start();
  REQUIRE(eventually(20s, [&] { return cannot_fail_over(pair.b, "it lost what it knew"); }));
  pair.a.start();  // which would rather lead, and reads that the pair never ran
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  REQUIRE(eventually(20s, [&] { return !pair.a.status().value("peer", std::string()).empty(); }));
  CHECK(term_of(pair.b) == term);
  CHECK(pair.b.role() == "standalone");
  pair.require_flows_survive();
  CHECK(pair.require_one_leader_at_a_time().handovers.size() == 2);
}

}  // namespace stillwater::e2e
