// A pair with two cables between its nodes.
#include <catch2/catch.hpp>

#include "tests/e2e/pair_fixture.h"

namespace stillwater::e2e {
namespace {

bool carries_state(const NodeUnderTest& node, const std::string& path) {
  return node.status().value("paths", std::string()).find(path + " carries state") != std::string::npos;
}

}  // namespace

TEST_CASE(
    "where one of two cables is cut, state goes over the other: no role changes, and nothing is filled "
    "anew") {
  PairFixture pair("two-cables", with_second_path, with_second_path);
  pair.start_in_sync();
  pair.open_flows(100, 100);
  pair.load->new_connections().start();
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  REQUIRE(carries_state(pair.a, "1"));
  const auto term = pair.a.status().value("term", 0);
  const auto epoch = pair.a.status().value("committed_epoch", std::uint64_t{0});

  pair.set_replication_cable("down");
  REQUIRE(eventually(10s, [&] { return carries_state(pair.a, "2") && carries_state(pair.b, "2"); }));
  REQUIRE(eventually(10s, [&] {
    return pair.a.status().value("committed_epoch", std::uint64_t{0}) > epoch + 1000;  // commits go on
  }));
  CHECK(pair.a.status().value("term", 0) == term);
  CHECK(pair.a.status().value("standbys_lost", 0) == 0);
  CHECK(pair.b.role() == "standby");

  pair.set_replication_cable("up");
  REQUIRE(eventually(10s, [&] {
    return pair.a.status().value("paths", std::string()).find("1 heard") != std::string::npos;
  }));
  pair.set_replication_cable("down", "repl1");
  REQUIRE(eventually(10s, [&] { return carries_state(pair.a, "1") && carries_state(pair.b, "1"); }));
  CHECK(pair.a.status().value("term", 0) == term);

  pair.a.kill();
  REQUIRE(eventually(10s, [&] { return pair.b.role() == "standalone"; }));
  pair.require_flows_survive();
}

}  // namespace stillwater::e2e
