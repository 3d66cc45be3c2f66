// A pair whose nodes run different releases.
#include <catch2/catch.hpp>

#include "tests/e2e/pair_fixture.h"

namespace stillwater::e2e {

TEST_CASE(
    "a standby of a newer release that speaks the old format too joins, takes over, and is joined again") {
  PairFixture pair("skew-compatible");
  pair.b.use_daemon("stillwaterd_next");
  pair.start_in_sync();
  pair.open_flows(50);
  pair.a.kill();
  INFO("fw-b: " << pair.b.log());
  REQUIRE(eventually(10s, [&] { return pair.b.role() == "standalone"; }));
  pair.require_flows_survive();
  pair.a.start();
  REQUIRE(eventually(20s, [&] { return pair.b.status().value("can_fail_over", false); }));
  CHECK(pair.a.role() == "standby");
  pair.require_flows_survive();
}

TEST_CASE("a standby of a release that has given the old format up is refused, and the active forwards on") {
  PairFixture pair("skew-incompatible");
  pair.start_in_sync();
  pair.open_flows(50);
  pair.b.stop();
  pair.b.use_daemon("stillwaterd_after_next");
  pair.b.start();
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  const auto says = [](const NodeUnderTest& node, const char* words) {
    return node.status().value("last_refusal", std::string()).find(words) != std::string::npos;
  };
  REQUIRE(eventually(
      10s, [&] { return says(pair.a, "speaks wire format 8, this node 7; upgrade the older one"); }));
  REQUIRE(eventually(
      10s, [&] { return says(pair.b, "the peer refused this node: the peer speaks wire format 8"); }));
  CHECK(pair.a.role() == "standalone");
  CHECK(pair.b.role() == "starting");
  pair.require_flows_survive();
}

}  // namespace stillwater::e2e
