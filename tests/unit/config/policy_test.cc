// zones, addresses, services and rules: what they mean, and what is said where they are wrong.
#include <algorithm>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <catch2/catch.hpp>

#include "tests/unit/config/sample.h"

namespace stillwater::appliance {
namespace {

using dataplane::RuleAction;
using dataplane::RuleConfig;

// The sample with these sections in front of its rules, and these rules instead of its own.
std::string policy(const std::string& names, const std::string& rules) {
  const std::size_t begin = kSample.find("rules:\n");
  const std::size_t end = kSample.find("source_nat:\n");
  return kSample.substr(0, begin) + names + "rules:\n" + rules + kSample.substr(end);
}

std::vector<RuleConfig> rules_of(const std::string& names, const std::string& rules) {
  const Result<Config> config = parse_config(policy(names, rules), "f.yaml");
  if (!config) FAIL(config.error().message);
  return config->dataplane.rules;
}

std::string report(const std::string& names, const std::string& rules) {
  const Result<Config> config = parse_config(policy(names, rules), "f.yaml");
  return config ? "" : config.error().message;
}

const std::string kRule = "  - {id: 1, action: allow, ";

IpPrefix four(const char* network, std::uint8_t length) {
  in_addr address{};
  inet_pton(AF_INET, network, &address);
  return {IpAddress::v4(address.s_addr), length};
}

}  // namespace

TEST_CASE("a rule names ports and zones, one or several, and knows each port once") {
  const std::string zones = "zones: {trust: [inside], rest: [outside]}\n";
  using Names = std::vector<std::string>;
  CHECK(rules_of(zones, kRule + "from: trust, to: rest}\n")[0].from == Names{"inside"});
  CHECK(rules_of(zones, kRule + "from: [trust, outside]}\n")[0].from == Names{"inside", "outside"});
  CHECK(rules_of(zones, kRule + "to: [inside, trust]}\n")[0].to == Names{"inside"});
  CHECK(rules_of(zones, kRule + "to: rest}\n")[0].from.empty());
}

TEST_CASE("a zone that is no set of ports of its own is a mistake") {
  CHECK_THAT(report("zones: {trust: [inside, outside], rest: [outside]}\n", kRule + "}\n"),
             Catch::Contains("port 'outside' is in zone 'rest' already; expected it in one zone, once"));
  CHECK_THAT(report("zones: {inside: [outside]}\n", kRule + "}\n"),
             Catch::Contains("zone 'inside' has the name of a port; expected another name"));
  CHECK_THAT(report("zones: {trust: [dmz]}\n", kRule + "}\n"),
             Catch::Contains("zone 'trust': 'dmz' is no port; expected one of inside, outside"));
  CHECK_THAT(report("zones: {trust: []}\n", kRule + "}\n"), Catch::Contains("expected at least one element"));
  CHECK_THAT(report("zones: {4you: [inside]}\n", kRule + "}\n"),
             Catch::Contains("zones: '4you' is no name of a group; expected a letter at its beginning"));
  CHECK_THAT(report("zones: {trust: [inside]}\n", kRule + "from: trsut}\n"),
             Catch::Contains("from: 'trsut' is no port or zone; expected one of inside, outside, trust"));
}

TEST_CASE("groups of addresses hold prefixes, hosts and groups of both families, each once, in order") {
  const std::string names =
      "addresses:\n"
      "  lan: [10.0.0.0/8, servers, 10.0.0.0/8]\n"
      "  servers: [10.80.2.7, \"2001:db8::7\", far]\n"
      "  far: 192.0.2.0/24\n";
  CHECK_THAT(report(names, kRule + "source: lan}\n"),
             Catch::Contains("far is a single value; expected a list"));
  const std::string right = with(names, "far: 192.0.2.0/24", "far: [192.0.2.0/24]");
  const auto rules = rules_of(right, kRule + "source: lan, destination: [far, 198.51.100.0/24]}\n");
  const std::vector<IpPrefix>& source = rules[0].source;
  REQUIRE(source.size() == 4);
  CHECK(std::is_sorted(source.begin(), source.end()));
  CHECK(std::count(source.begin(), source.end(), four("10.0.0.0", 8)) == 1);
  CHECK(std::count(source.begin(), source.end(), four("10.80.2.7", 32)) == 1);
  CHECK(std::count(source.begin(), source.end(), four("192.0.2.0", 24)) == 1);
  CHECK(std::count_if(source.begin(), source.end(), [](const IpPrefix& p) { return p.length == 128; }) == 1);
  CHECK(rules[0].destination == std::vector{four("192.0.2.0", 24), four("198.51.100.0", 24)});
}

TEST_CASE("a group of addresses that is not there, or is in itself, is named") {
  CHECK_THAT(
      report("addresses: {a: [b], b: [c], c: [a]}\n", kRule + "source: a}\n"),
      Catch::Contains("addresses 'c': 'a' contains itself: a > b > c > a; expected groups without a cycle"));
  CHECK_THAT(report("addresses: {a: [a]}\n", kRule + "source: a}\n"),
             Catch::Contains("addresses 'a': 'a' contains itself: a > a"));
  CHECK_THAT(
      report("addresses: {a: [nowhere], b: [10.0.0.0/8]}\n", kRule + "}\n"),
      Catch::Contains("addresses 'a': 'nowhere' is no group of addresses; expected a prefix or one of a, b"));
  CHECK_THAT(report("addresses: {a: [10.0.0.0/8]}\n", kRule + "source: [a, b]}\n"),
             Catch::Contains("source: 'b' is no group of addresses; expected a prefix or one of a"));
  CHECK_THAT(
      report("", kRule + "source: lan}\n"),
      Catch::Contains("source: 'lan' is no group of addresses; expected a prefix: there are no groups"));
  CHECK_THAT(report("addresses: {a: [10.0.0.1/8]}\n", kRule + "}\n"),
             Catch::Contains("host bits are set; expected 10.0.0.0/8"));
}

TEST_CASE("groups that mean more prefixes than there is room for are refused, however few words say so") {
  std::string names = "addresses:\n  all: [10.0.0.0/32";
  for (int i = 1; i < 10'000; ++i)
    names += ", 10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256) + "/32";
  names += "]\n";
  const std::string often = "[" + [] {
    std::string words = "all";
    for (int i = 0; i < 200; ++i) words += ", all";
    return words;
  }() + "]";
  CHECK(rules_of(names, kRule + "source: " + often + "}\n").at(0).source.size() == 10'000);
  for (int i = 0; i < 400; ++i) names += "  g" + std::to_string(i) + ": [all]\n";
  CHECK_THAT(report(names, kRule + "source: all}\n"),
             Catch::Contains("groups of more than 4000000 prefixes in all; expected fewer"));
}

TEST_CASE("a chain of groups that is too long ends in words, not in the stack") {
  std::string names = "addresses:\n";
  for (int i = 0; i < 40; ++i)
    names += "  g" + std::to_string(100 + i) + ": [" +
             (i == 39 ? "10.0.0.0/8" : "g" + std::to_string(101 + i)) + "]\n";
  CHECK_THAT(report(names, kRule + "}\n"), Catch::Contains("groups in groups more than 32 deep"));
}

TEST_CASE("services are said in place or by name, with several ports, source ports and types of ICMP") {
  const std::string names =
      "services:\n"
      "  web: [{protocol: tcp, ports: [80, 8000-8099]}, {protocol: udp, ports: 443}]\n"
      "  ping: [{protocol: icmp, icmp_types: echo-request}, {protocol: icmpv6, icmp_types: [echo-request, "
      "3]}]\n";
  const auto both = rules_of(names, kRule + "services: [web, ping]}\n")[0].services;
  REQUIRE(both.size() == 4);
  CHECK(both[0].protocol == IPPROTO_TCP);
  CHECK(both[0].destination_ports.at(1).last == 8099);
  CHECK(both[1].destination_ports.at(0).first == 443);
  CHECK(both[2].icmp_types == std::vector<std::uint8_t>{8});
  CHECK(both[3].icmp_types == std::vector<std::uint8_t>{128, 3});
  CHECK(rules_of(names, kRule + "service: web}\n")[0].services.size() == 2);
  const auto in_place =
      rules_of("", kRule + "protocol: udp, destination_ports: [53, 5353], source_ports: 1024-65535}\n")[0]
          .services;
  REQUIRE(in_place.size() == 1);
  CHECK(in_place[0].destination_ports.size() == 2);
  CHECK(in_place[0].source_ports.at(0).first == 1024);
}

TEST_CASE("services that contradict themselves are mistakes") {
  const std::string web = "services: {web: [{protocol: tcp, ports: 80}]}\n";
  CHECK_THAT(report(web, kRule + "service: wbe}\n"),
             Catch::Contains("service: 'wbe' is no group of services; expected one of web"));
  CHECK_THAT(report("", kRule + "service: web}\n"), Catch::Contains("there are no groups"));
  CHECK_THAT(report(web, kRule + "service: web, protocol: tcp}\n"),
             Catch::Contains("service and a protocol, ports or types are both said; expected one of them"));
  CHECK_THAT(report("services: {web: [{ports: 80}]}\n", kRule + "}\n"),
             Catch::Contains("services 'web' has no 'protocol'; expected one of tcp, udp, icmp"));
  CHECK_THAT(report("services: {web: [{protocol: esp, ports: 80}]}\n", kRule + "}\n"),
             Catch::Contains("ports without a protocol that has ports; expected protocol: tcp or udp"));
  CHECK_THAT(
      report("", kRule + "protocol: tcp, icmp_types: 8}\n"),
      Catch::Contains("icmp_types without a protocol that has them; expected protocol: icmp or icmpv6"));
  CHECK_THAT(report("", kRule + "protocol: icmp, icmp_types: packet-too-big}\n"),
             Catch::Contains("'packet-too-big' is not known here"));
  CHECK_THAT(report("", kRule + "protocol: icmp, icmp_types: 256}\n"), Catch::Contains("from 0 to 255"));
}

TEST_CASE("limits and time-outs are of rules that allow") {
  const RuleConfig rule =
      rules_of("", kRule + "log: true, limit: {per_s: 50, burst: 9}, idle_timeout: 90s}\n")[0];
  CHECK(rule.log);
  CHECK(rule.limit.per_s == 50);
  CHECK(rule.limit.burst == 9);
  CHECK(rule.idle_timeout_s == 90);
  CHECK(rules_of("", kRule + "limit: {per_s: 50}}\n")[0].limit.burst == 50);
  CHECK(rules_of("", "  - {id: 1, action: reject}\n")[0].action == RuleAction::reject);
  CHECK_THAT(report("", "  - {id: 1, action: deny, limit: {per_s: 1}}\n"),
             Catch::Contains("limit of a rule that admits nothing; expected action: allow"));
  CHECK_THAT(report("", "  - {id: 1, action: reject, idle_timeout: 1s}\n"),
             Catch::Contains("idle_timeout of a rule that admits nothing; expected action: allow"));
  CHECK_THAT(report("", kRule + "limit: {burst: 2}}\n"), Catch::Contains("limit has no 'per_s'"));
  CHECK_THAT(report("", kRule + "limit: {per_s: 0}}\n"), Catch::Contains("a whole number from 1 to 1000000"));
  CHECK_THAT(report("", kRule + "limit: 5}\n"),
             Catch::Contains("limit is a single value; expected a mapping"));
}

TEST_CASE("more rules than there may be are refused by number") {
  std::string rules;
  for (std::size_t id = 1; id <= dataplane::kRulesMax + 1; ++id)
    rules += "  - {id: " + std::to_string(id) + ", action: deny}\n";
  CHECK_THAT(report("", rules), Catch::Contains("16385 rules; expected at most 16384"));
}

TEST_CASE("more services than there may be are refused by number, groups counted where they are named") {
  std::string services = "services:\n  many:\n";
  for (int i = 0; i < 500; ++i)
    services += "    - {protocol: tcp, ports: [80, 443], source_ports: 1024-65535}\n";
  std::string rules;
  for (int id = 1; id <= 51; ++id)
    rules += "  - {id: " + std::to_string(id) + ", action: allow, service: many}\n";
  CHECK_THAT(
      report(services, rules),
      Catch::Contains("the services of the rules up to this one, with their ports and types, are 102000") &&
          Catch::Contains("expected at most 100000"));
}

}  // namespace stillwater::appliance
