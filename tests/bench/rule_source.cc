#include "tests/bench/rule_source.h"

#include <arpa/inet.h>
#include <netinet/in.h>

namespace stillwater::bench {
namespace {

using dataplane::PortRange;
using dataplane::RuleAction;
using dataplane::RuleConfig;
using dataplane::ServiceConfig;

constexpr std::uint16_t kServices[] = {22, 25, 53, 80, 123, 143, 389, 443, 445, 993, 3306, 5432, 8080};

template <std::size_t kCount>
std::uint16_t one_of(const std::uint16_t (&ports)[kCount], std::mt19937_64& random) {
  return ports[random() % kCount];
}

IpAddress random_host(bool is_v4, std::mt19937_64& random) {
  if (is_v4) return IpAddress::v4(htonl(10u << 24 | static_cast<std::uint32_t>(random() & 0xff'ffff)));
  IpAddress address{{0x20, 0x01, 0x0d, 0xb8}};
  for (std::size_t i = 4; i < address.bytes.size(); ++i)
    address.bytes[i] = static_cast<std::uint8_t>(random());
  return address;
}

// With the bits of `other` past the prefix.
IpAddress host_in(const IpPrefix& prefix, IpAddress other) {
  const unsigned first = prefix.length + (prefix.is_v4() ? 96u : 0u);
  for (unsigned bit = 0; bit < first; ++bit) {
    const auto mask = static_cast<std::uint8_t>(0x80u >> bit % 8);
    other.bytes[bit / 8] =
        static_cast<std::uint8_t>((other.bytes[bit / 8] & ~mask) | (prefix.address.bytes[bit / 8] & mask));
  }
  return other;
}

IpPrefix random_prefix(bool is_v4, std::mt19937_64& random) {
  constexpr std::uint8_t kLengths4[] = {16, 20, 24, 24, 24, 28, 32, 32};
  constexpr std::uint8_t kLengths6[] = {48, 56, 64, 64, 64, 96, 128, 128};
  const std::uint8_t length = (is_v4 ? kLengths4 : kLengths6)[random() % 8];
  return IpPrefix{random_host(is_v4, random), length}.network();
}

PortRange random_ports(std::mt19937_64& random) {
  const std::uint16_t port = one_of(kServices, random);
  if (random() % 4 != 0) return {port, port};
  return {port, static_cast<std::uint16_t>(port + 1 + random() % 1000)};
}

IpAddress host_of(const std::vector<IpPrefix>& prefixes, bool is_v4, std::mt19937_64& random) {
  const IpAddress host = random_host(is_v4, random);
  return prefixes.empty() ? host : host_in(prefixes.front(), host);
}

std::uint16_t port_of(const ServiceConfig& service, std::mt19937_64& random) {
  if (service.destination_ports.empty()) return static_cast<std::uint16_t>(random());
  const PortRange& range = service.destination_ports.front();
  return static_cast<std::uint16_t>(range.first + random() % (range.last - range.first + 1u));
}

}  // namespace

std::vector<RuleConfig> random_rules(std::uint32_t count, bool is_v4, std::mt19937_64& random) {
  std::vector<RuleConfig> rules(count);
  std::uint32_t id = 0;
  for (RuleConfig& rule : rules) {
    rule.id = ++id;
    rule.action = id % 2 == 0 ? RuleAction::deny : RuleAction::allow;
    if (random() % 16 != 0) rule.source = {random_prefix(is_v4, random)};
    if (random() % 16 != 0) rule.destination = {random_prefix(is_v4, random)};
    ServiceConfig service;
    service.protocol = random() % 4 == 0 ? IPPROTO_UDP : IPPROTO_TCP;
    if (random() % 8 != 0) service.destination_ports = {random_ports(random)};
    rule.services = {service};
  }
  return rules;
}

std::vector<FirstPacket> first_packets(const std::vector<RuleConfig>& rules, std::size_t count, bool is_v4,
                                       std::mt19937_64& random) {
  std::vector<FirstPacket> packets(count);
  for (std::size_t i = 0; i < count; ++i) {
    const RuleConfig& one = rules[random() % rules.size()];
    const auto other = [&]() -> const RuleConfig& {
      return i % 2 == 0 ? one : rules[random() % rules.size()];
    };
    packets[i] = {.source = host_of(one.source, is_v4, random),
                  .destination = host_of(other().destination, is_v4, random),
                  .protocol = *one.services.front().protocol,
                  .source_port = static_cast<std::uint16_t>(1024 + random() % 60'000),
                  .destination_port = port_of(other().services.front(), random)};
  }
  return packets;
}

}  // namespace stillwater::bench
