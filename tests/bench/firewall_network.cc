#include "tests/bench/firewall_network.h"

#include <utility>

#include <netinet/in.h>

#include "tests/bench/flow_keys.h"
#include "tests/bench/network.h"
#include "tests/bench/refused_connections.h"

namespace stillwater::bench {
namespace {

using dataplane::RuleConfig;

constexpr std::uint32_t kServerNet = kServerHost & ~0xffu;
constexpr std::uint32_t kElsewhere = RTE_IPV4(198, 18, 0, 0);  // RFC 2544: nobody is there

dataplane::Config with_devices(dataplane::Config config, const LoadedPlane::Devices& devices) {
  for (unsigned side : {kInside, kOutside}) config.ports[side].device = devices[side];
  return config;
}

IpPrefix network(std::uint32_t address, std::uint8_t length) {
  return {IpAddress::v4(htonl(address)), length};
}

IpPrefix elsewhere(std::uint32_t i, std::uint8_t length) {
  const std::uint32_t hosts = length == 32 ? 0 : ~std::uint32_t{0} >> length;
  return network((kElsewhere + i * 251 % (1u << 17)) & ~hosts, length);
}

dataplane::ServiceConfig tcp(std::uint16_t first, std::uint16_t last) {
  return {.protocol = IPPROTO_TCP, .destination_ports = {{first, last}}};
}

RuleConfig near_miss(std::uint32_t i) {
  RuleConfig rule;
  rule.id = 100 + i;
  if (i % 2 == 0) rule.from = {"inside"};
  const auto length = static_cast<std::uint8_t>(24 + i % 9);
  const auto port = static_cast<std::uint16_t>(10'000 + i);
  switch (i % 3) {
    case 0:  // its source, to elsewhere
      rule.source = {network(kClientNet, static_cast<std::uint8_t>(16 + i % 9))};
      rule.destination = {elsewhere(i, length)};
      break;
    case 1:  // its destination and protocol, at other ports
      rule.destination = {network(kServerHost, 32)};
      rule.services = {tcp(port, static_cast<std::uint16_t>(port + 7))};
      break;
    default:  // its destination and port, from elsewhere
      rule.source = {elsewhere(i, length)};
      rule.destination = {network(kServerNet, 24)};
      rule.services = {tcp(kServerPort, kServerPort)};
  }
  return rule;
}

}  // namespace

dataplane::Config established_firewall(std::uint32_t sessions, const LoadedPlane::Devices& devices) {
  dataplane::Config config = with_devices(firewall(sessions + sessions / 4), devices);
  config.source_nat = {
      {.from = {"inside"}, .to = {"outside"}, .pool = {{nat_address_of(0), nat_address_of(sessions - 1)}}}};
  return config;
}

dataplane::Config opening_firewall(std::uint32_t in_flight_max, Rules rules,
                                   const LoadedPlane::Devices& devices) {
  dataplane::Config config =
      with_devices(translating_firewall(4 * RefusedConnections::kClientPorts), devices);
  config.hold_packets_max = 2 * in_flight_max;  // a quarter is not for new sessions
  if (!rules.empty()) config.rules = std::move(rules);
  return config;
}

Rules rules_with_a_late_match(std::uint32_t count) {
  Rules rules;
  for (std::uint32_t i = 0; i + 1 < count; ++i) rules.push_back(near_miss(i));
  RuleConfig match = firewall(1).rules.front();
  match.source = {network(kClientNet, 16)};
  match.destination = {network(kServerHost, 32)};
  match.services = {tcp(kServerPort, kServerPort)};
  rules.push_back(match);
  return rules;
}

}  // namespace stillwater::bench
