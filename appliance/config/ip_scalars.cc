// Addresses of either family.
#include <charconv>
#include <optional>

#include <arpa/inet.h>

#include "appliance/config/scalars.h"

namespace stillwater::appliance {
namespace {

std::optional<IpAddress> ipv6(const std::string& text) {
  in6_addr address{};
  if (inet_pton(AF_INET6, text.c_str(), &address) != 1) return std::nullopt;
  return IpAddress::v6(&address);
}

bool is_unicast6(const IpAddress& address) {
  constexpr IpAddress kLoopback{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
  return !address.is_none() && !address.is_multicast() && !address.is_v4() && address != kLoopback;
}

Parsed<IpPrefix> prefix6(const std::string& text, const std::string& expected) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return not_as_expected(text, "without a prefix length", expected);
  const auto address = ipv6(text.substr(0, slash));
  if (!address || address->is_v4()) return not_as_expected(text, "not an IPv6 prefix", expected);
  unsigned length = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data() + slash + 1, last, length);
  if (error != std::errc{} || end != last || length > 128)
    return not_as_expected(text, "of no valid prefix length", "a length of 0 to 128");
  return IpPrefix{*address, static_cast<std::uint8_t>(length)};
}

}  // namespace

Parsed<IpAddress> parse_ip(const std::string& text) {
  if (!is_ipv6_text(text))
    return parse_ipv4(text).map([](std::uint32_t address) { return IpAddress::v4(htonl(address)); });
  const auto address = ipv6(text);
  if (!address)
    return not_as_expected(text, "not an IP address", "an address such as 10.0.1.1 or 2001:db8::1");
  if (!is_unicast6(*address)) return not_as_expected(text, "no host's address", "a unicast IPv6 address");
  return *address;
}

Parsed<IpPrefix> parse_ip_network(const std::string& text) {
  if (!is_ipv6_text(text))
    return parse_network(text).map([](const dataplane::Ipv4Prefix& network) {
      return IpPrefix{IpAddress::v4(htonl(network.address)), network.length};
    });
  const auto parsed = prefix6(text, "NETWORK/LENGTH, such as 2001:db8::/32");
  if (!parsed || parsed->network() == *parsed) return parsed;
  return not_as_expected(text, "not a network: host bits are set", to_text(parsed->network()));
}

Parsed<IpPrefix> parse_interface6(const std::string& text) {
  const std::string expected = "a host's ADDRESS/LENGTH, such as 2001:db8::1/64";
  const auto parsed = prefix6(text, expected);
  if (!parsed) return parsed;
  if (parsed->length == 0) return not_as_expected(text, "of no subnet", "a length of 1 to 128");
  if (parsed->address.is_link_local())
    return not_as_expected(text, "link-local, and a port has such an address by itself", expected);
  if (is_unicast6(parsed->address) && (parsed->length >= 127 || parsed->network().address != parsed->address))
    return parsed;
  return not_as_expected(text, "no host's address", expected);
}

std::string to_text(const IpAddress& address) {
  if (address.is_v4()) return to_text(ntohl(address.v4_be()));
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(AF_INET6, address.bytes.data(), text, sizeof(text));
  return text;
}

std::string to_text(const IpPrefix& prefix) {
  return to_text(prefix.address) + '/' + std::to_string(prefix.length);
}

}  // namespace stillwater::appliance
