// Rules as the documents say they are matched: one after the other. And random ones, to compare with.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <netinet/in.h>

#include "dataplane/datapath/tables/rule_set.h"
#include "tests/unit/random.h"

namespace stillwater::dataplane {

// A session's first packet, of either family; ports in host byte order.
struct AskedRule {
  IpAddress source;
  IpAddress destination;
  std::uint8_t protocol;
  std::uint16_t source_port;
  std::uint16_t destination_port;
  std::string from;
  std::string to;
};

inline bool is_one_of(const std::vector<std::string>& names, const std::string& name) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}
inline bool is_one_of(const std::vector<IpPrefix>& prefixes, const IpAddress& address) {
  return prefixes.empty() || std::any_of(prefixes.begin(), prefixes.end(),
                                         [&](const IpPrefix& prefix) { return prefix.contains(address); });
}
inline bool is_one_of(const std::vector<PortRange>& ranges, std::uint16_t port) {
  return ranges.empty() || std::any_of(ranges.begin(), ranges.end(),
                                       [&](const PortRange& range) { return range.contains(port); });
}

inline bool is_of(const ServiceConfig& service, const AskedRule& asked) {
  const bool tcp_or_udp = asked.protocol == IPPROTO_TCP || asked.protocol == IPPROTO_UDP;
  const bool names_ports = !service.destination_ports.empty() || !service.source_ports.empty();
  if (service.protocol.value_or(asked.protocol) != asked.protocol) return false;
  if (names_ports && !(tcp_or_udp && is_one_of(service.destination_ports, asked.destination_port) &&
                       is_one_of(service.source_ports, asked.source_port)))
    return false;
  if (service.icmp_types.empty()) return true;
  const int echo_request = asked.protocol == IPPROTO_ICMP ? 8 : asked.protocol == IPPROTO_ICMPV6 ? 128 : -1;
  return std::find(service.icmp_types.begin(), service.icmp_types.end(), echo_request) !=
         service.icmp_types.end();
}

inline const RuleConfig* first_match(const std::vector<RuleConfig>& rules, const AskedRule& asked) {
  for (const RuleConfig& rule : rules) {
    const auto& services = rule.services;
    const bool serves = services.empty() || std::any_of(services.begin(), services.end(),
                                                        [&](const auto& s) { return is_of(s, asked); });
    if (serves && is_one_of(rule.from, asked.from) && is_one_of(rule.to, asked.to) &&
        is_one_of(rule.source, asked.source) && is_one_of(rule.destination, asked.destination))
      return &rule;
  }
  return nullptr;
}

// As the rule set is asked.
inline const Rule* match(const RuleSet& rules, const AskedRule& asked, PortIndex from, PortIndex to) {
  if (asked.source.is_v4()) {
    region::FlowKey key;
    key.source_be = asked.source.v4_be();
    key.destination_be = asked.destination.v4_be();
    key.source_port_be = htons(asked.source_port);
    key.destination_port_be = htons(asked.destination_port);
    key.protocol = asked.protocol;
    return rules.match(key, from, to);
  }
  region::FlowKey6 key;
  key.source = asked.source.bytes;
  key.destination = asked.destination.bytes;
  key.source_port_be = htons(asked.source_port);
  key.destination_port_be = htons(asked.destination_port);
  key.protocol = asked.protocol;
  return rules.match(key, from, to);
}

// Few values, so that prefixes nest, ranges touch and rules overlap.
class RandomRules {
 public:
  RandomRules(Random& random, std::vector<std::string> ports) : random_(random), ports_(std::move(ports)) {}

  IpAddress address(bool is_v4) {
    constexpr std::uint8_t kOctets[] = {0, 1, 2, 127, 128, 255};
    const auto octet = [&] { return kOctets[random_() % std::size(kOctets)]; };
    if (is_v4) {
      const std::array<std::uint8_t, 4> bytes{10, octet(), octet(), octet()};
      return IpAddress::v4(std::bit_cast<std::uint32_t>(bytes));
    }
    IpAddress address{{0x20, 0x01, 0x0d, 0xb8, octet(), 0, 0, octet(), octet()}};
    address.bytes[15] = octet();
    return address;
  }

  AskedRule asked() {
    constexpr std::uint8_t kProtocols[] = {IPPROTO_TCP,  IPPROTO_UDP,    IPPROTO_TCP, IPPROTO_UDP,
                                           IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_GRE, 255};
    const bool is_v4 = random_() % 2 == 0;
    return {address(is_v4),
            address(is_v4),
            kProtocols[random_() % std::size(kProtocols)],
            port(),
            port(),
            ports_[random_() % ports_.size()],
            ports_[random_() % ports_.size()]};
  }

  std::vector<RuleConfig> rules(std::uint32_t count) {
    std::vector<RuleConfig> all;
    for (std::uint32_t id = 1; id <= count; ++id) all.push_back(rule(id));
    return all;
  }

  RuleConfig rule(std::uint32_t id) {
    constexpr RuleAction kActions[] = {RuleAction::allow, RuleAction::deny, RuleAction::reject};
    RuleConfig rule{.id = id, .action = kActions[random_() % 3]};
    for (unsigned n = few(); n != 0; --n) rule.from.push_back(ports_[random_() % ports_.size()]);
    for (unsigned n = few(); n != 0; --n) rule.to.push_back(ports_[random_() % ports_.size()]);
    for (unsigned n = few(); n != 0; --n) rule.source.push_back(prefix());
    for (unsigned n = few(); n != 0; --n) rule.destination.push_back(prefix());
    for (unsigned n = few(); n != 0; --n) rule.services.push_back(service());
    return rule;
  }

 private:
  unsigned few() { return random_() % 3 == 0 ? 0 : random_() % 4; }
  std::uint16_t port() {
    constexpr std::uint16_t kPorts[] = {0, 1, 22, 80, 81, 443, 65534, 65535};
    return kPorts[random_() % std::size(kPorts)];
  }
  PortRange range() {
    const auto [low, high] = std::minmax({port(), port()});
    return {low, high};
  }
  IpPrefix prefix() {
    const bool is_v4 = random_() % 2 == 0;
    const unsigned bits = is_v4 ? 32 : 128;
    const unsigned length = random_() % 8 == 0 ? random_() % (bits + 1) : 8 + random_() % (bits - 7);
    return IpPrefix{address(is_v4), static_cast<std::uint8_t>(length)}.network();
  }
  ServiceConfig service() {
    ServiceConfig service;
    switch (random_() % 6) {
      case 0:
        service.protocol = IPPROTO_ICMP;
        if (random_() % 2 == 0) service.icmp_types = {static_cast<std::uint8_t>(random_() % 2 == 0 ? 8 : 0)};
        break;
      case 1:
        service.protocol = IPPROTO_ICMPV6;
        if (random_() % 2 == 0) service.icmp_types = {1, static_cast<std::uint8_t>(127 + random_() % 2)};
        break;
      case 2:
        service.protocol = IPPROTO_GRE;
        break;
      default:
        if (random_() % 4 != 0) service.protocol = random_() % 2 == 0 ? IPPROTO_TCP : IPPROTO_UDP;
        for (unsigned n = few(); n != 0; --n) service.destination_ports.push_back(range());
        for (unsigned n = few(); n != 0; --n) service.source_ports.push_back(range());
    }
    return service;
  }

  Random& random_;
  std::vector<std::string> ports_;
};

}  // namespace stillwater::dataplane
