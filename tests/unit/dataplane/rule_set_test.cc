// Rules of both families, looked up by bitmaps, against a walk over the list.
#include <catch2/catch.hpp>

#include "dataplane/datapath/tables/rule_use.h"
#include "tests/unit/dataplane/rule_model.h"

using namespace stillwater;
using namespace stillwater::dataplane;

namespace {

std::vector<PortConfig> ports_named(const std::vector<std::string>& names) {
  std::vector<PortConfig> ports(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) ports[i].name = names[i];
  return ports;
}

const std::vector<std::string> kPorts{"inside", "outside", "dmz"};

AskedRule web_of(const IpAddress& source) {
  return {source, source, IPPROTO_TCP, 5000, 80, "inside", "outside"};
}

}  // namespace

TEST_CASE("the first rule that matches decides, in both families, and none is none") {
  const auto seed = GENERATE(1u, 2u, 3u, 4u, 5u, 6u);
  // Around the sizes of a word and of a word of the summary.
  const auto count = GENERATE(0u, 1u, 5u, 63u, 64u, 65u, 300u, 4097u);
  CAPTURE(seed, count);
  Random random(seed);
  RandomRules generator(random, kPorts);
  const std::vector<RuleConfig> configured = generator.rules(count);
  const auto rules = RuleSet::build(ports_named(kPorts), configured);
  REQUIRE(rules);
  for (int i = 0; i < 2'000; ++i) {
    const AskedRule asked = generator.asked();
    const auto index = [&](const std::string& name) {
      return static_cast<PortIndex>(std::find(kPorts.begin(), kPorts.end(), name) - kPorts.begin());
    };
    const RuleConfig* expected = first_match(configured, asked);
    const Rule* got = match(*rules, asked, index(asked.from), index(asked.to));
    REQUIRE((got == nullptr) == (expected == nullptr));
    if (expected == nullptr) continue;
    REQUIRE(got->id == expected->id);
    REQUIRE(got->action == expected->action);
  }
}

TEST_CASE("late rules are found behind thousands that do not match") {
  const auto count = GENERATE(64u * 64u - 1, 64u * 64u, 64u * 64u + 1, 10'000u);
  CAPTURE(count);
  std::vector<RuleConfig> configured;
  for (std::uint32_t id = 1; id <= count; ++id) {
    const IpPrefix host{IpAddress::v4(htonl(0x0a000000 + id)), 32};
    configured.push_back({.id = id, .action = RuleAction::allow, .source = {host}});
  }
  const auto rules = RuleSet::build(ports_named(kPorts), configured);
  REQUIRE(rules);
  for (const std::uint32_t id : {1u, 63u, 64u, 65u, count / 2, count - 1, count}) {
    const Rule* got = match(*rules, web_of(IpAddress::v4(htonl(0x0a000000 + id))), 0, 1);
    REQUIRE(got != nullptr);
    CHECK(got->id == id);
  }
  CHECK(match(*rules, web_of(IpAddress::v4(htonl(0x0a000000))), 0, 1) == nullptr);
  CHECK(match(*rules, web_of(IpAddress::v4(htonl(0x0a000001 + count))), 0, 1) == nullptr);
}

TEST_CASE("a rule of one family's prefixes says nothing about the other") {
  const std::vector<RuleConfig> configured{
      {.id = 1, .action = RuleAction::deny, .source = {{IpAddress::v4(0), 0}}},
      {.id = 2, .action = RuleAction::allow, .source = {{IpAddress{}, 0}}}};
  const auto rules = RuleSet::build(ports_named(kPorts), configured);
  REQUIRE(rules);
  CHECK(match(*rules, web_of(IpAddress::v4(htonl(0x0a000001))), 0, 1)->id == 1);
  CHECK(match(*rules, web_of(IpAddress{{0x20, 0x01}}), 0, 1)->id == 2);
}

TEST_CASE("services of one rule do not mix: the ports of one are not those of the other's protocol") {
  const std::vector<RuleConfig> configured{
      {.id = 1,
       .action = RuleAction::allow,
       .services = {
           {.protocol = IPPROTO_TCP, .destination_ports = {{80, 80}}},
           {.protocol = IPPROTO_UDP, .destination_ports = {{53, 53}}, .source_ports = {{1024, 65535}}}}}};
  const auto rules = RuleSet::build(ports_named(kPorts), configured);
  REQUIRE(rules);
  AskedRule asked = web_of(IpAddress::v4(htonl(0x0a000001)));
  const auto matches = [&](std::uint8_t protocol, std::uint16_t source_port, std::uint16_t port) {
    asked.protocol = protocol;
    asked.source_port = source_port;
    asked.destination_port = port;
    return match(*rules, asked, 0, 1) != nullptr;
  };
  CHECK(matches(IPPROTO_TCP, 1, 80));
  CHECK_FALSE(matches(IPPROTO_TCP, 1, 53));
  CHECK(matches(IPPROTO_UDP, 1024, 53));
  CHECK_FALSE(matches(IPPROTO_UDP, 1023, 53));
  CHECK_FALSE(matches(IPPROTO_UDP, 1024, 80));
}

TEST_CASE("a rule about a port that is not there is refused by id and name, and too many by number") {
  const std::vector<RuleConfig> about_dmz{{.id = 7, .from = {"inside", "dmz"}}};
  const auto rules = RuleSet::build(ports_named({"inside", "outside"}), about_dmz);
  REQUIRE_FALSE(rules);
  CHECK_THAT(rules.error().message, Catch::Contains("rule 7") && Catch::Contains("'dmz'"));
  const auto too_many = RuleSet::build(ports_named(kPorts), std::vector<RuleConfig>(kRulesMax + 1));
  REQUIRE_FALSE(too_many);
  CHECK_THAT(too_many.error().message, Catch::Contains("16385 rules; expected at most 16384"));
}

TEST_CASE("a token bucket lets no more through than its burst and its rate in any time") {
  const auto seed = GENERATE(1u, 2u, 3u, 4u);
  CAPTURE(seed);
  Random random(seed);
  const RuleLimit limit{1 + random() % 1000, 1 + random() % 50};
  TokenBucket bucket(limit, 1);
  std::vector<Instant> taken;
  Instant now = 1000s;
  for (int i = 0; i < 5'000; ++i) {
    now += Nanos(random() % 3'000'000);
    const bool expected = bucket.has_token(now);
    REQUIRE(bucket.take(now) == expected);
    if (expected) taken.push_back(now);
  }
  REQUIRE(taken.size() > limit.burst);
  double most = 0;  // beyond what the time between the first and the last of any allows
  for (std::size_t first = 0; first < taken.size(); ++first)
    for (std::size_t last = first; last < taken.size(); ++last) {
      const double span_s = std::chrono::duration<double>(taken[last] - taken[first]).count();
      most = std::max(most, static_cast<double>(last - first + 1) - span_s * limit.per_s);
    }
  CHECK(most <= limit.burst + 1e-3);
}

TEST_CASE("a token bucket that was full admits its burst at once, and one more an interval later") {
  const auto workers = GENERATE(1u, 3u);
  TokenBucket bucket({.per_s = 10, .burst = 6}, workers);
  Instant now = 50s;
  for (unsigned i = 0; i < 6 / workers; ++i) REQUIRE(bucket.take(now));
  CHECK_FALSE(bucket.take(now));
  now += 100ms * workers - 1ns;
  CHECK_FALSE(bucket.take(now));
  CHECK(bucket.take(now + 1ns));
  CHECK_FALSE(bucket.take(now + 1ns));
}
