
#include <netinet/in.h>

#include <catch2/catch.hpp>

#include "dataplane/datapath/tables/rule_set.h"
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

}  // namespace

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
