#include <algorithm>
#include <map>

#include <catch2/catch.hpp>

#include "tests/unit/dataplane/routes.h"
#include "tests/unit/dpdk/eal_once.h"

using namespace stillwater;
using namespace stillwater::dataplane;
using Kind = Adjacency::Kind;

TEST_CASE("what ports have is in the FIB: addresses, edges and subnets, each before a route to the same") {
  need_eal();
  Config config = router();
  config.ports[0].addresses.push_back({0x0a510000, 31});
  config.ports[1].addresses.push_back({0x0a520009, 32});
  config.routes = {route("10.80.1.1/32", RouteKind::blackhole), route("10.80.1.255/32", RouteKind::blackhole),
                   route("10.80.1.0/24", RouteKind::blackhole), route("2001:db8:1::/64", RouteKind::reject)};
  const auto table = made(config);
  const auto is = [&](const std::string& destination, Kind kind, PortIndex port) {
    CAPTURE(destination);
    CHECK(fib(*table).lookup(addr(destination)) == Adjacency{kind, port, {}});
  };
  is("10.80.1.1", Kind::local, 0);
  is("10.80.1.0", Kind::broadcast, 0);
  is("10.80.1.255", Kind::broadcast, 0);
  is("10.80.1.7", Kind::connected, 0);
  is("10.81.0.0", Kind::local, 0);
  is("10.81.0.1", Kind::connected, 0);
  is("10.82.0.9", Kind::local, 1);
  is("10.82.0.8", Kind::none, 0);
  is("2001:db8:2::1", Kind::local, 1);
  is("2001:db8:2::", Kind::connected, 1);
  is("2001:db8:2::ffff", Kind::connected, 1);
  is("2001:db8:1::7", Kind::connected, 0);
  is("fe80::1", Kind::none, 0);
  CHECK(fib(*table).lookup(htonl(0x0a500207)) == Adjacency{Kind::connected, 1, {}});
}

TEST_CASE("a NAT address is local on the port that it leaves through") {
  need_eal();
  Config config = router();
  config.function = GENERATE(Function::firewall, Function::router);
  config.source_nat = {{.from = {"inside"}, .to = {"outside"}, .address = 0x0a500209}};
  CHECK(fib(*made(config)).lookup(addr("10.80.2.9")) == Adjacency{Kind::local, 1, {}});
  config.source_nat[0].to = {"dmz"};
  CHECK(RouteTable::create(config, no_readers).error().message.find("'dmz'") != std::string::npos);
}

TEST_CASE("a next hop is found by links alone, whatever routes cover it") {
  need_eal();
  Config config = router();
  config.routes = {route("10.80.2.0/25", {"10.80.1.2"}), route("0.0.0.0/0", {"10.80.2.2"}),
                   route("2001:db8:2::/80", {"2001:db8:1::2"}), route("::/0", {"2001:db8:2::2"})};
  const auto table = made(config);
  CHECK(fib(*table).lookup(addr("192.0.2.1")) == outside("10.80.2.2"));
  CHECK(fib(*table).lookup(addr("10.80.2.3")) == inside("10.80.1.2"));
  CHECK(fib(*table).lookup(addr("2001:db8:9::1")) == outside("2001:db8:2::2"));
  CHECK(fib(*table).lookup(addr("2001:db8:2::3")) == inside("2001:db8:1::2"));
}

TEST_CASE("a link-local next hop is on the port that is named with it") {
  need_eal();
  Config config = router();
  config.routes = {{.to = prefix("2001:db8:5::/48"), .via = {{.via = addr("fe80::2"), .port = "outside"}}}};
  CHECK(fib(*made(config)).lookup(addr("2001:db8:5::1")) == outside("fe80::2"));
}

TEST_CASE("a next hop that is on no link is refused by its address, and its route by name") {
  need_eal();
  const auto bad = GENERATE(table<RouteConfig, std::string>({
      {route("10.0.0.0/8", {"192.0.2.1"}), "192.0.2.1"},
      {route("10.0.0.0/8", {"10.80.1.2", "10.80.1.1"}), "10.80.1.1"},  // our own
      {route("10.0.0.0/8", {"10.80.1.255"}), "10.80.1.255"},
      {route("10.0.0.0/8", {"2001:db8:1::2"}), "other family"},
      {route("10.0.0.0/8", std::vector<std::string>{}), "no next hop"},
      {{.to = prefix("2001:db8:5::/48"), .via = {{.via = addr("fe80::2")}}}, "fe80::2"},
      {{.to = prefix("2001:db8:5::/48"), .via = {{.via = addr("fe80::2"), .port = "dmz"}}}, "'dmz'"},
      {{.to = prefix("10.0.0.0/8"), .via = {{.via = addr("10.80.1.2"), .port = "outside"}}}, "'outside'"},
      {{.to = {addr("10.0.0.1"), 8}, .kind = RouteKind::reject}, "expected a network"},
  }));
  Config config = router();
  config.routes = {std::get<0>(bad)};
  const auto refused = RouteTable::create(config, no_readers);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::invalid_argument);
  CHECK_THAT(refused.error().message, Catch::Matchers::Contains(std::get<1>(bad)));
  CHECK_THAT(refused.error().message, Catch::Matchers::Contains("route "));
}

TEST_CASE("a firewall's FIB knows IPv6 where a port has an address of it, and its routes stay as they are") {
  need_eal();
  Config config = router();
  config.function = Function::firewall;
  config.routes = {route("0.0.0.0/0", {"10.80.2.2"}), route("::/0", {"2001:db8:2::2"})};
  const auto table = made(config);
  CHECK(fib(*table).lookup(addr("192.0.2.1")) == outside("10.80.2.2"));
  CHECK(fib(*table).lookup(addr("2001:db8:1::1")) == Adjacency{Kind::local, 0, {}});
  CHECK(fib(*table).lookup(addr("2001:db8:9::1")) == outside("2001:db8:2::2"));
  const RouteChange change = removed(prefix("0.0.0.0/0"));
  const Status refused = table->apply({&change, 1});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::failed_precondition);

  for (PortConfig& port : config.ports) port.addresses6.clear();
  CHECK_THAT(RouteTable::create(config, no_readers).error().message,
             Catch::Matchers::Contains("route ::/0 is of IPv6; expected dataplane.function: router, or a "
                                       "firewall whose ports have IPv6 addresses"));
  config.routes.pop_back();
  CHECK(fib(*made(config)).lookup(addr("2001:db8:1::1")).kind == Kind::none);
}

TEST_CASE("flows spread over the next hops of a route, and each keeps to its own") {
  need_eal();
  Config config = router();
  config.routes = {route("198.51.100.0/24", {"10.80.2.4", "10.80.2.2", "10.80.1.3"}),
                   route("203.0.113.0/24", {"10.80.2.2"})};
  const auto table = made(config);
  std::map<Adjacency, unsigned> shares;
  constexpr unsigned kFlows = 30'000;
  for (unsigned flow = 0; flow < kFlows; ++flow) {
    const std::uint32_t hash = flow * 0x9e3779b1u;
    const Adjacency& chosen = fib(*table).lookup(addr("198.51.100.7"), hash);
    ++shares[chosen];
    CHECK(fib(*table).lookup(addr("198.51.100.9"), hash) == chosen);
    CHECK(fib(*table).lookup(addr("203.0.113.1"), hash) == outside("10.80.2.2"));
  }
  REQUIRE(shares.size() == 3);
  for (const auto& [adjacency, share] : shares) CHECK(share == Approx(kFlows / 3).epsilon(0.05));
  CHECK(shares.count(inside("10.80.1.3")) == 1);
}

TEST_CASE("the order in which next hops are named changes no flow's way") {
  need_eal();
  Config config = router();
  config.routes = {route("198.51.100.0/24", {"10.80.2.4", "10.80.2.2"}),
                   route("203.0.113.0/24", {"10.80.2.2", "10.80.2.4"})};
  const auto table = made(config);
  for (const std::uint32_t hash : {0u, 0x7fffffffu, 0x80000000u, 0xffffffffu})
    CHECK(&fib(*table).lookup(addr("198.51.100.7"), hash) == &fib(*table).lookup(addr("203.0.113.7"), hash));
}
