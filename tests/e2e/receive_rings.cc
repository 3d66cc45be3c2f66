// What waits in a receive ring, how long a pause it absorbs, and what a lost link does (mission Q3, Q8).
#include <catch2/catch.hpp>

#include "tests/e2e/numbered_frames.h"
#include "tests/e2e/pair_fixture.h"
#include "tests/rig/process/command.h"

namespace stillwater::e2e {
namespace {

constexpr unsigned kRing = 8;

// A receive ring that overflows after a few frames.
std::string with_small_ring(std::string config) {
  const std::string inside = "iface=in0";
  return config.replace(config.find(inside), inside.size(), inside + ",framecnt=" + std::to_string(kRing));
}

nlohmann::json port_of(const NodeUnderTest& node, std::size_t port) {
  return node.status().value("ports", nlohmann::json::array()).at(port);
}

// Frames for nobody: every station of the inside receives and drops them.
NumberedFrames flood_from_client(const PairFixture& pair) {
  return {pair.network.space("client"), "eth0", pair.network.space("server"), "eth0"};
}

}  // namespace

TEST_CASE("what a receive ring had no room for in a pause counts as missed, the rest comes after it (Q3)") {
  PairFixture pair("ring-overflow", {}, with_small_ring);
  pair.a.start();
  INFO(pair.a.log());
  REQUIRE(eventually(30s, [&] { return pair.a.role() == "standalone"; }));
  NumberedFrames flood = flood_from_client(pair);
  constexpr unsigned kFrames = 100;
  REQUIRE(pair.a.obeys({"quiesce", "--limit", "20s"}));
  const auto before = port_of(pair.a, 0);
  CHECK(before.value("rx_ring_packets", 0u) == kRing);
  flood.send(kFrames);
  const auto since = [&](const char* counter) {
    return port_of(pair.a, 0).value(counter, 0u) - before.value(counter, 0u);
  };
  REQUIRE(eventually(5s, [&] { return since("rx_missed") >= kFrames - kRing; }));
  CHECK(since("rx_packets") == 0);
  REQUIRE(pair.a.obeys({"resume"}));
  CHECK(eventually(5s, [&] { return since("rx_packets") >= kRing; }));
}

TEST_CASE("pauses that come near what a receive ring absorbs are warned of, in the log and in status") {
  PairFixture pair("near-headroom", {}, with_small_ring);
  pair.start_in_sync();
  pair.open_flows(20, 200);
  pair.load->new_connections().start();  // checkpoints go on
  NumberedFrames flood = flood_from_client(pair);
  std::string warning;
  const bool warned = eventually(30s, [&] {
    flood.send(5000);
    warning = pair.a.status().value("checkpoint", nlohmann::json::object()).value("warning", "");
    return !warning.empty();
  });
  INFO(pair.a.log());
  REQUIRE(warned);
  CHECK_THAT(warning,
             Catch::StartsWith("a checkpoint paused for ") && Catch::Contains("port inside absorbs "));
  CHECK(pair.a.logs().find("8 packets in its rings") != std::string::npos);
  CHECK(port_of(pair.a, 0).value("rx_missed", 0u) > 0);
  // With nothing to lose there is nothing to warn of.
  pair.load.reset();
  CHECK(eventually(10s, [&] {
    return pair.a.status().value("checkpoint", nlohmann::json::object()).value("warning", "").empty();
  }));
}

TEST_CASE(
    "Q8: a data link lost in the middle keeps no worker from its boundary; sessions live on when it is "
    "back") {
  const Edit alike = with_tracking("link_weight: 0");  // else the lead moves
  PairFixture pair("data-link", alike, alike);
  pair.start_in_sync();
  pair.open_flows(50, 100);
  pair.load->new_connections().start();
  const auto set_link = [&](const char* state) {
    REQUIRE(rig::must_run({"ip", "-n", pair.network.space("active").name(), "link", "set", "out0", state}));
  };
  const auto failed = [&] { return pair.a.status()["checkpoint"].value("failed", 0u); };
  const auto before = failed();
  set_link("down");
  REQUIRE(eventually(5s, [&] { return !port_of(pair.a, 1).value("link_up", true); }));
  for (int i = 0; i < 20; ++i) CHECK(pair.a.obeys({"checkpoint"}));
  CHECK(failed() == before);
  CHECK(pair.a.status().value("can_fail_over", false));
  set_link("up");
  REQUIRE(eventually(5s, [&] { return port_of(pair.a, 1).value("link_up", false); }));
  INFO(pair.a.log());
  pair.require_flows_survive();
}

}  // namespace stillwater::e2e
