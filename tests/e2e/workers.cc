// A pair whose nodes have several workers each.
#include <catch2/catch.hpp>

#include "tests/e2e/pair_fixture.h"

namespace stillwater::e2e {
namespace {

std::string two_workers(std::string config) {
  const std::string key = "function: firewall\n";
  return config.replace(config.find(key), key.size(), key + "  workers: 2\n");
}

}  // namespace

TEST_CASE("two workers a node: every session of both shards survives the death of the active") {
  PairFixture pair("two-workers", two_workers, two_workers);
  pair.start_in_sync();
  pair.open_flows(200, 100);
  pair.load->new_connections().start();
  // What the client and the server send is what the ports could lose in a pause: status says how long a one.
  REQUIRE(eventually(5s, [&] {
    const nlohmann::json port = pair.a.status().value("ports", nlohmann::json::array()).at(0);
    return port.value("rx_headroom_us", 0.0) > 0 && port.value("rx_ring_packets", 0) == 2 * 512;
  }));
  pair.a.kill();
  INFO(pair.b.log());
  REQUIRE(eventually(10s, [&] { return pair.b.role() == "standalone"; }));
  pair.require_flows_survive();
  CHECK(pair.b.status().value("drops", nlohmann::json::object()).value("not_served", 0) == 0);
}

TEST_CASE("nodes with different numbers of workers refuse each other: their regions differ") {
  PairFixture pair("workers-differ", two_workers, [](std::string config) { return config; });
  pair.a.start();
  pair.b.start();
  INFO("fw-a: " << pair.a.log() << "\nfw-b: " << pair.b.log());
  REQUIRE(eventually(20s, [&] { return pair.a.status().value("replication_refused", 0) > 0; }));
  CHECK_FALSE(pair.a.status().value("can_fail_over", true));
}

}  // namespace stillwater::e2e
