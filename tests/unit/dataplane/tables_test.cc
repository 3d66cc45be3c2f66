
#include <netinet/in.h>

#include <catch2/catch.hpp>

#include "dataplane/datapath/tables/fib.h"
#include "dataplane/datapath/tables/rule_set.h"
#include "tests/unit/dpdk/eal_once.h"
#include "tests/unit/random.h"

using namespace stillwater;
using namespace stillwater::dataplane;

namespace {

constexpr std::uint32_t ipv4(unsigned a, unsigned b, unsigned c, unsigned d) {
  return a << 24 | b << 16 | c << 8 | d;
}

Config two_ports() {
  Config config;
  config.ports.resize(2);
  config.ports[0].name = "inside";
  config.ports[0].addresses = {{ipv4(10, 80, 1, 1), 24}};
  config.ports[1].name = "outside";
  config.ports[1].addresses = {{ipv4(10, 80, 2, 1), 24}};
  return config;
}

// Few values, so that prefixes nest and rules overlap.
std::uint32_t some_address(Random& random) {
  return ipv4(10, 90 + random() % 3, random() % 4 * 64, random() % 4 * 64 + random() % 3);
}

// What the FIB should say, route by route.
Adjacency longest_match(const Config& config, std::uint32_t address) {
  int length = -1;
  Adjacency best;
  const auto offer = [&](const Ipv4Prefix& prefix, const Adjacency& adjacency) {
    if (!prefix.contains(address) || prefix.length < length) return;
    length = prefix.length;
    best = adjacency;
  };
  for (PortIndex port = 0; port < config.ports.size(); ++port) {
    const Ipv4Prefix own = config.ports[port].addresses[0];
    offer(own, {Adjacency::Kind::connected, port, 0});
    offer({own.address & own.mask(), 32}, {Adjacency::Kind::broadcast, port, 0});
    offer({own.address | ~own.mask(), 32}, {Adjacency::Kind::broadcast, port, 0});
    offer({own.address, 32}, {Adjacency::Kind::local, port, 0});
  }
  for (const RouteConfig& route : config.routes)
    offer(route.to,
          {Adjacency::Kind::via, static_cast<PortIndex>((route.via >> 8 & 0xff) - 1), htonl(route.via)});
  return best;
}

}  // namespace

TEST_CASE("the FIB agrees with a walk over all routes") {
  need_eal();
  const auto seed = GENERATE(1u, 2u, 3u);
  CAPTURE(seed);
  Random random(seed);
  Config config = two_ports();
  for (int i = 0; i < 60; ++i) {
    const auto length = static_cast<std::uint8_t>(random() % 33);
    Ipv4Prefix to{some_address(random), length};
    to.address &= to.mask();
    const bool repeated = std::any_of(config.routes.begin(), config.routes.end(), [&](const RouteConfig& r) {
      return r.to.address == to.address && r.to.length == to.length;
    });
    if (!repeated) config.routes.push_back({to, ipv4(10, 80, 1 + random() % 2, 2 + random() % 5)});
  }
  const auto fib = Fib::build(config);
  REQUIRE(fib);
  const auto check = [&](std::uint32_t address) {
    CAPTURE(address);
    REQUIRE(fib->lookup(htonl(address)) == longest_match(config, address));
  };
  for (int i = 0; i < 5'000; ++i) check(random() % 4 == 0 ? random() : some_address(random));
  for (unsigned port = 1; port <= 2; ++port)
    for (unsigned host = 0; host < 256; ++host) check(ipv4(10, 80, port, host));
}

TEST_CASE("a next hop that is on no link is refused by its address") {
  need_eal();
  Config config = two_ports();
  config.routes = {{{0, 0}, ipv4(192, 0, 2, 1)}};
  const auto fib = Fib::build(config);
  REQUIRE_FALSE(fib);
  CHECK(fib.error().message.find("192.0.2.1") != std::string::npos);
}

TEST_CASE("a NAT address is local on the port that it leaves through") {
  need_eal();
  Config config = two_ports();
  config.source_nat = {{.from = "inside", .to = "outside", .address = ipv4(10, 80, 2, 9)}};
  const auto fib = Fib::build(config);
  REQUIRE(fib);
  CHECK(fib->lookup(htonl(ipv4(10, 80, 2, 9))) == Adjacency{Adjacency::Kind::local, 1, 0});
}

TEST_CASE("the first rule that matches decides, and none is none") {
  const auto seed = GENERATE(1u, 2u, 3u);
  CAPTURE(seed);
  Random random(seed);
  Config config = two_ports();
  const std::string names[] = {"", "inside", "outside"};
  const std::optional<std::uint8_t> protocols[] = {std::nullopt, IPPROTO_TCP, IPPROTO_UDP};
  for (std::uint32_t id = 1; id <= 30; ++id) {
    const auto prefix = [&] {
      return Ipv4Prefix{some_address(random),
                        static_cast<std::uint8_t>(random() % 3 == 0 ? 0 : 8 + random() % 25)};
    };
    const auto port = static_cast<std::uint16_t>(random() % 4);
    config.rules.push_back({.id = id,
                            .action = random() % 2 == 0 ? RuleAction::allow : RuleAction::deny,
                            .from = names[random() % 3],
                            .to = names[random() % 3],
                            .protocol = protocols[random() % 3],
                            .source = prefix(),
                            .destination = prefix(),
                            .destination_ports = {port, static_cast<std::uint16_t>(port + random() % 3)}});
  }
  const auto rules = RuleSet::build(config);
  REQUIRE(rules);
  int decided = 0;
  for (int i = 0; i < 20'000; ++i) {
    region::FlowKey key;
    key.source_be = htonl(some_address(random));
    key.destination_be = htonl(some_address(random));
    key.destination_port_be = htons(static_cast<std::uint16_t>(random() % 6));
    key.protocol = random() % 2 == 0 ? IPPROTO_TCP : IPPROTO_UDP;
    const auto from = static_cast<PortIndex>(random() % 2);
    const auto to = static_cast<PortIndex>(random() % 2);
    const RuleConfig* expected = nullptr;
    for (const RuleConfig& r : config.rules) {
      if (expected == nullptr && (r.from.empty() || r.from == config.ports[from].name) &&
          (r.to.empty() || r.to == config.ports[to].name) &&
          r.protocol.value_or(key.protocol) == key.protocol && r.source.contains(ntohl(key.source_be)) &&
          r.destination.contains(ntohl(key.destination_be)) &&
          r.destination_ports.contains(ntohs(key.destination_port_be)))
        expected = &r;
    }
    const Rule* got = rules->match(key, from, to);
    REQUIRE((got == nullptr) == (expected == nullptr));
    if (expected == nullptr) continue;
    REQUIRE(got->id == expected->id);
    REQUIRE(got->action == expected->action);
    ++decided;
  }
  CHECK(decided > 1'000);
}

TEST_CASE("a rule about a port that is not there is refused by id and name") {
  Config config = two_ports();
  config.rules = {{.id = 7, .from = "dmz"}};
  const auto rules = RuleSet::build(config);
  REQUIRE_FALSE(rules);
  CHECK(rules.error().message.find("rule 7") != std::string::npos);
  CHECK(rules.error().message.find("'dmz'") != std::string::npos);
}
