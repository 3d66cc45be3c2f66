// What a router is told: both families, VLANs, routes with several next hops or none.
#include <arpa/inet.h>

#include <catch2/catch.hpp>

#include "appliance/config/scalars.h"
#include "tests/unit/config/sample.h"

namespace stillwater::appliance {
namespace {

const std::string kRouter =
    "node: {name: r, role: active, management: \"unix:/run/r.sock\"}\n"        // 1
    "dataplane: {function: router, ipv4_routes: 16, ipv6_routes: 16}\n"        // 2
    "ports:\n"                                                                 // 3
    "  - name: lan\n"                                                          // 4
    "    device: net_null0\n"                                                  // 5
    "    mac: 02:53:57:00:01:01\n"                                             // 6
    "    addresses: [10.80.1.1/24, \"2001:db8:1::1/64\"]\n"                    // 7
    "    mtu: 9000\n"                                                          // 8
    "  - {name: lan.10, parent: lan, vlan: 10, addresses: [10.80.10.1/24]}\n"  // 9
    "routes:\n"                                                                // 10
    "  - {to: 0.0.0.0/0, via: [10.80.1.2, 10.80.10.3]}\n"                      // 11
    "  - {to: \"2001:db8:5::/48\", via: \"2001:db8:1::2\"}\n"                  // 12
    "  - {to: \"::/0\", via: \"fe80::2\", port: lan}\n"                        // 13
    "  - {to: 192.0.2.0/24, action: blackhole}\n"                              // 14
    "  - {to: \"2001:db8:6::/48\", action: reject}\n"                          // 15
    "icmp: {errors_per_s: 50}\n"                                               // 16
    "arbiter: none\n";                                                         // 17

IpAddress address(const std::string& text) { return parse_ip(text).value(); }

std::string report(const std::string& text) {
  const Result<Config> config = parse_config(text, "f.yaml");
  return config ? "" : config.error().message;
}

}  // namespace

TEST_CASE("a router's values arrive as written") {
  const Result<Config> config = parse_config(kRouter, "f.yaml");
  INFO(report(kRouter));
  REQUIRE(config);
  const dataplane::Config& plane = config->dataplane;
  CHECK(plane.function == dataplane::Function::router);
  CHECK(plane.routes4_max == 16);
  CHECK(plane.routes6_max == 16);
  CHECK(plane.icmp_errors_per_s == 50);
  REQUIRE(plane.ports.size() == 2);
  CHECK(plane.ports[0].addresses.size() == 1);
  REQUIRE(plane.ports[0].addresses6.size() == 1);
  CHECK(to_text(plane.ports[0].addresses6[0]) == "2001:db8:1::1/64");
  REQUIRE(plane.routes.size() == 5);
  CHECK(plane.routes[0].to.is_v4());
  REQUIRE(plane.routes[0].via.size() == 2);
  CHECK(plane.routes[0].via[1].via == address("10.80.10.3"));
  CHECK_FALSE(plane.routes[2].to.is_v4());
  CHECK(plane.routes[2].to.length == 0);
  CHECK(plane.routes[2].via.at(0) == dataplane::NextHop{address("fe80::2"), "lan"});
  CHECK(plane.routes[3].kind == dataplane::RouteKind::blackhole);
  CHECK(plane.routes[4].kind == dataplane::RouteKind::reject);
}

TEST_CASE("a VLAN has its parent's MAC and MTU, unless it says others") {
  const Result<Config> config = parse_config(kRouter, "f.yaml");
  REQUIRE(config);
  const dataplane::PortConfig& vlan = config->dataplane.ports.at(1);
  CHECK(vlan.device.empty());
  CHECK(vlan.parent == "lan");
  CHECK(vlan.vlan == 10);
  CHECK(vlan.mac == config->dataplane.ports[0].mac);
  CHECK(vlan.mtu == 9000);
  const Result<Config> own =
      parse_config(with(kRouter, "vlan: 10,", "vlan: 10, mtu: 1400, mac: \"02:00:00:00:00:09\","), "f.yaml");
  REQUIRE(own);
  CHECK(own->dataplane.ports[1].mtu == 1400);
  CHECK(own->dataplane.ports[1].mac[5] == 9);
}

TEST_CASE("each mistake of a router's file is told at its place") {
  struct Case {
    const char* from;
    const char* to;
    const char* at;
    const char* says;
  };
  const Case cases[] = {
      {"via: [10.80.1.2, 10.80.10.3]", "via: []", "11:26", "via is an empty list; expected at least one"},
      {"via: [10.80.1.2, 10.80.10.3]", "action: drop", "11:29", "expected one of blackhole, reject"},
      {"10.80.10.3]", "10.80.1.2]", "11:38", "next hop 10.80.1.2 is repeated"},
      {"10.80.10.3]", "10.80.30.3]", "11:38", "next hop 10.80.30.3 is no neighbour"},
      {"10.80.10.3]", "\"2001:db8:1::2\"]", "11:38", "is not of the family of 0.0.0.0/0"},
      {"\"2001:db8:1::2\"", "\"2001:db8:7::2\"", "12:34", "is no neighbour"},
      {"\"2001:db8:1::2\"", "\"2001:db8:1::1\"", "12:34", "is no neighbour"},
      {"\"2001:db8:1::2\"", "\"ff02::2\"", "12:34", "no host's address"},
      {"\"fe80::2\", port: lan", "\"fe80::2\"", "13:23", "is link-local, and so on any link"},
      {"\"fe80::2\", port: lan", "\"fe80::2\", port: wan", "13:40", "'wan' is no port"},
      {"\"2001:db8:5::/48\"", "\"2001:db8:5::1/48\"", "12:10", "host bits are set; expected 2001:db8:5::/48"},
      {"\"2001:db8:5::/48\"", "\"2001:db8:5::/129\"", "12:10", "a length of 0 to 128"},
      {"\"2001:db8:6::/48\"", "\"2001:db8:5::/48\"", "15:10", "route to 2001:db8:5::/48 is repeated"},
      {"action: blackhole", "action: blackhole, via: 10.80.1.2", "14:32",
       "action and next hop are both said"},
      {"10.80.10.3]", "10.80.10.3], track: maybe", "11:58", "expected one of true, false"},
      {"action: blackhole", "action: blackhole, track: true", "14:50", "no next hop to track"},
      {"icmp:", "next_hop_tracking: {interval: 99ms}\nicmp:", "16:31", "100ms to 1m"},
      {"icmp:", "next_hop_tracking: {interval: 61s}\nicmp:", "16:31", "100ms to 1m"},
      {"icmp:", "next_hop_tracking: {attempts: 0}\nicmp:", "16:31", "a whole number from 1 to 10"},
      {"icmp:", "next_hop_tracking: {attempts: 11}\nicmp:", "16:31", "a whole number from 1 to 10"},
      {"icmp:", "next_hop_tracking: {misses: 3}\nicmp:", "16:21", "misses"},
      {"parent: lan", "parent: wan", "9:28", "'wan' is no port above this one that has a device"},
      {"vlan: 10", "vlan: 4095", "9:39", "a whole number from 1 to 4094"},
      {"parent: lan,", "parent: lan, device: net_null1,", "9:41", "a VLAN has the device of its parent"},
      {"\"2001:db8:1::1/64\"", "\"fe80::1/64\"", "7:31",
       "link-local, and a port has such an address by itself"},
      {"\"2001:db8:1::1/64\"", "\"2001:db8:1::/64\"", "7:31", "no host's address"},
      {"mtu: 9000", "mtu: 1000", "8:10", "mtu is too small for IPv6; expected 1280"},
      {"icmp:", "rules: []\nicmp:", "16:8", "rules with 'function: router'"},
      {"icmp:", "zones: {}\nicmp:", "16:8", "zones with 'function: router'"},
      {"ipv6_routes: 16", "ipv6_routes: 8", "2:61", "a whole number from 16"},
      {"errors_per_s: 50", "errors_per_s: -1", "16:22", "a whole number"},
  };
  for (const Case& c : cases) {
    INFO("replaced: " << c.from << "\nby: " << c.to);
    const std::string found = report(with(kRouter, c.from, c.to));
    CHECK_THAT(found, Catch::StartsWith(std::string("f.yaml:") + c.at + ": "));
    CHECK_THAT(found, Catch::Contains(c.says));
    CHECK(std::count(found.begin(), found.end(), '\n') == 0);
  }
}

TEST_CASE("a VLAN that is said twice, and more routes than there is room for, are mistakes") {
  const std::string vlan = "  - {name: lan.10, parent: lan, vlan: 10, addresses: [10.80.10.1/24]}\n";
  CHECK_THAT(report(with(kRouter, vlan, vlan + "  - {name: b, parent: lan, vlan: 10, addresses: []}\n")),
             Catch::Contains("this VLAN of 'lan' is taken"));
  std::string many = "icmp:";
  for (int i = 0; i < 16; ++i)
    many = "  - {to: 10.9." + std::to_string(i) + ".0/24, via: 10.80.1.2}\n" + many;
  CHECK_THAT(report(with(kRouter, "icmp:", many)),
             Catch::Contains("18 routes, and room for 16; expected a larger 'ipv4_routes' in 'dataplane'"));
}

TEST_CASE("a route may track its next hops, of either family, which are asked as its file says") {
  const Result<Config> without = parse_config(kRouter, "f.yaml");
  REQUIRE(without);
  CHECK_FALSE(without->dataplane.routes[0].track);
  CHECK(without->dataplane.next_hop_tracking.interval == 1s);
  CHECK(without->dataplane.next_hop_tracking.attempts == 3);
  const std::string both =
      with(with(kRouter, "10.80.10.3]", "10.80.10.3], track: true"), "port: lan}", "port: lan, track: true}");
  const Result<Config> config = parse_config(
      with(both, "icmp:", "next_hop_tracking: {interval: 100ms, attempts: 10}\nicmp:"), "f.yaml");
  REQUIRE(config);
  CHECK(config->dataplane.routes[0].track);
  CHECK_FALSE(config->dataplane.routes[1].track);
  CHECK(config->dataplane.routes[2].track);
  CHECK(config->dataplane.next_hop_tracking.interval == 100ms);
  CHECK(config->dataplane.next_hop_tracking.attempts == 10);
}

TEST_CASE("at most 256 different next hops are tracked") {
  const auto routes_through = [](unsigned next_hops) {
    std::string text = with(kRouter, "10.80.1.1/24", "10.80.1.1/24, 10.60.0.1/16");
    text = with(text, "ipv4_routes: 16", "ipv4_routes: 1024");
    std::string routes;
    for (unsigned i = 0; i < next_hops + 10; ++i) {
      const unsigned host = 256 + i % next_hops;
      routes += "  - {to: 10." + std::to_string(100 + i / 256) + "." + std::to_string(i % 256) +
                ".0/24, track: true, via: 10.60." + std::to_string(host / 256) + "." +
                std::to_string(host % 256) + "}\n";
    }
    return report(with(text, "icmp:", routes + "icmp:"));
  };
  CHECK(routes_through(256).empty());
  CHECK_THAT(routes_through(257), Catch::Contains("257 tracked next hops; expected at most 256"));
}

TEST_CASE("a firewall keeps its routes as they are, and tracks none") {
  CHECK_THAT(report(with(kSample, "via: 10.80.2.2}", "via: 10.80.2.2, track: true}")),
             Catch::Contains("'function: firewall' does not change its routes"));
}

TEST_CASE("a firewall serves IPv6 where one of its ports has an address of it") {
  const std::string route = "via: 10.80.2.2}\n  - {to: \"::/0\", via: \"2001:db8::2\"}";
  const std::string served = with(kSample, "[10.80.1.1/24]", "[10.80.1.1/24, \"2001:db8::1/64\"]");
  CHECK_FALSE(dataplane::serves_ipv6(parse_config(kSample, "f.yaml")->dataplane));
  const auto config = parse_config(with(served, "via: 10.80.2.2}", route), "f.yaml");
  REQUIRE(config);
  CHECK(dataplane::serves_ipv6(config->dataplane));
  CHECK(config->dataplane.sessions6_max == 16384);
  CHECK_THAT(
      report(with(kSample, "via: 10.80.2.2}", "via: 10.80.2.2}\n  - {to: \"::/0\", action: reject}")),
      Catch::Contains("an IPv6 network, and no port has an IPv6 address; expected one, or an IPv4 network"));
}

TEST_CASE("sessions of IPv6 have a table of their own, which both nodes of a pair agree on") {
  const std::string served = with(kSample, "[10.80.1.1/24]", "[10.80.1.1/24, \"2001:db8::1/64\"]");
  const auto more = [](const std::string& text) {
    return with(text, "  sessions: 65536\n", "  sessions: 65536\n  ipv6_sessions: 4096\n");
  };
  const auto config = parse_config(more(served), "f.yaml");
  REQUIRE(config);
  CHECK(config->dataplane.sessions6_max == 4096);
  CHECK(config->service_digest() != parse_config(served, "f.yaml")->service_digest());
  CHECK(parse_config(more(kSample), "f.yaml")->service_digest() ==
        parse_config(kSample, "f.yaml")->service_digest());
  CHECK_THAT(report(with(served, "  sessions: 65536\n", "  ipv6_sessions: 15\n")),
             Catch::Contains("ipv6_sessions"));
}

TEST_CASE("any change of what a router does changes the digest") {
  const std::uint64_t before = parse_config(kRouter, "f.yaml")->service_digest();
  const std::pair<const char*, const char*> changes[] = {
      {"10.80.1.2, 10.80.10.3", "10.80.1.2"},
      {"\"fe80::2\"", "\"fe80::3\""},
      {"\"fe80::2\", port: lan", "\"fe80::2\", port: lan.10"},
      {"blackhole", "reject"},
      {"vlan: 10", "vlan: 11"},
      {"2001:db8:1::1/64", "2001:db8:1::1/65"},
      {"2001:db8:5::/48", "2001:db8:5::/49"},
      {"errors_per_s: 50", "errors_per_s: 51"},
      {"10.80.10.3]", "10.80.10.3], track: true"},
  };
  for (const auto& [from, to] : changes) {
    INFO(from << " -> " << to);
    const Result<Config> changed = parse_config(with(kRouter, from, to), "f.yaml");
    REQUIRE(changed);
    CHECK(changed->service_digest() != before);
  }
}

TEST_CASE("how next hops are asked is part of the digest where some are tracked, and only there") {
  const auto digest = [](const std::string& text) { return parse_config(text, "f.yaml")->service_digest(); };
  const auto asked_often = [](const std::string& text) {
    return with(text, "icmp:", "next_hop_tracking: {interval: 100ms}\nicmp:");
  };
  CHECK(digest(asked_often(kRouter)) == digest(kRouter));
  const std::string tracked = with(kRouter, "10.80.10.3]", "10.80.10.3], track: true");
  CHECK(digest(asked_often(tracked)) != digest(tracked));
  CHECK(digest(with(asked_often(tracked), "100ms}", "100ms, attempts: 4}")) != digest(asked_often(tracked)));
}

}  // namespace stillwater::appliance
