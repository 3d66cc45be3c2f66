// Values of the configuration and of sessions in words, and names to indices.
#pragma once

#include <optional>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "ckpt_engine/region/session.h"
#include "dataplane/config.h"

namespace stillwater::dataplane {

// "10.0.1.1", "10.0.1.0/24". Addresses in host byte order.
[[nodiscard]] inline std::string to_text(std::uint32_t address) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8)
    text += std::to_string(address >> shift & 0xff) + (shift == 0 ? "" : ".");
  return text;
}
[[nodiscard]] inline std::string to_text(const Ipv4Prefix& prefix) {
  return to_text(prefix.address) + "/" + std::to_string(prefix.length);
}
// As RFC 5952 writes them: "2001:db8::1", "2001:db8::/32"; of IPv4 as above.
[[nodiscard]] inline std::string to_text(const IpAddress& address) {
  if (address.is_v4()) return to_text(ntohl(address.v4_be()));
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(AF_INET6, address.bytes.data(), text, sizeof(text));
}
[[nodiscard]] inline std::string to_text(const IpPrefix& prefix) {
  return to_text(prefix.address) + "/" + std::to_string(prefix.length);
}

// "10.0.1.1:80", "[2001:db8::1]:80".
[[nodiscard]] inline std::string to_endpoint_text(const IpAddress& address, std::uint16_t port) {
  const std::string text = address.is_v4() ? to_text(address) : "[" + to_text(address) + "]";
  return text + ":" + std::to_string(port);
}

// "established".
[[nodiscard]] inline const char* name_of(region::SessionState state) {
  switch (state) {
    case region::SessionState::free:
      return "free";
    case region::SessionState::opening:
      return "opening";
    case region::SessionState::established:
      return "established";
    case region::SessionState::closing:
      return "closing";
  }
  return "unknown";
}

// As configurations write it.
[[nodiscard]] inline const char* name_of(RuleAction action) {
  switch (action) {
    case RuleAction::deny:
      return "deny";
    case RuleAction::allow:
      return "allow";
    case RuleAction::reject:
      return "reject";
  }
  return "unknown";
}

// "tcp"; of what has no name here, its number.
[[nodiscard]] inline std::string name_of_protocol(std::uint8_t protocol) {
  switch (protocol) {
    case IPPROTO_TCP:
      return "tcp";
    case IPPROTO_UDP:
      return "udp";
    case IPPROTO_ICMP:
      return "icmp";
    case IPPROTO_ICMPV6:
      return "icmpv6";
    case IPPROTO_GRE:
      return "gre";
    case IPPROTO_ESP:
      return "esp";
    default:
      return std::to_string(protocol);
  }
}

// Index of the port called `name`.
[[nodiscard]] inline std::optional<std::uint16_t> find_port(const Config& config, const std::string& name) {
  for (std::size_t i = 0; i < config.ports.size(); ++i)
    if (config.ports[i].name == name) return static_cast<std::uint16_t>(i);
  return std::nullopt;
}

}  // namespace stillwater::dataplane
