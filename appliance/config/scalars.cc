#include "appliance/config/scalars.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>

#include <arpa/inet.h>

namespace stillwater::appliance {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<Unit, 5> kTimeUnits{{{"us", 1'000},
                                          {"ms", 1'000'000},
                                          {"s", 1'000'000'000},
                                          {"m", 60'000'000'000},
                                          {"h", 3'600'000'000'000}}};
constexpr std::array<Unit, 4> kSizeUnits{{{"B", 1}, {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}}};

template <class T>
std::optional<T> number(std::string_view text, int base = 10) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <std::size_t N>
std::optional<std::uint64_t> with_unit(std::string_view text, const std::array<Unit, N>& units) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto count = number<std::uint64_t>(text.substr(0, digits));
  const auto unit =
      std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == text.substr(digits); });
  std::uint64_t value = 0;
  if (!count || unit == units.end()) return std::nullopt;
  if (__builtin_mul_overflow(*count, unit->factor, &value)) return std::numeric_limits<std::uint64_t>::max();
  return value;
}

template <std::size_t N>
std::string in_largest_unit(std::uint64_t value, const std::array<Unit, N>& units) {
  auto unit = units.rbegin();
  while (unit + 1 != units.rend() && (value < unit->factor || value % unit->factor != 0)) ++unit;
  return std::to_string(value / unit->factor) + std::string(unit->name);
}

std::optional<std::uint32_t> ipv4(const std::string& text) {
  in_addr address{};
  if (inet_pton(AF_INET, text.c_str(), &address) != 1) return std::nullopt;
  return ntohl(address.s_addr);
}

bool is_unicast(std::uint32_t address) {
  const std::uint32_t first_octet = address >> 24;
  return first_octet != 0 && first_octet != 127 && first_octet < 224;
}

Parsed<dataplane::Ipv4Prefix> prefix(const std::string& text, const std::string& expected) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return not_as_expected(text, "without a prefix length", expected);
  const auto address = ipv4(text.substr(0, slash));
  if (!address) return not_as_expected(text, "not an IPv4 prefix", expected);
  const auto length = number<std::uint8_t>(std::string_view(text).substr(slash + 1));
  if (!length || *length > 32)
    return not_as_expected(text, "of no valid prefix length", "a length of 0 to 32");
  return dataplane::Ipv4Prefix{*address, *length};
}

}  // namespace

tl::unexpected<std::string> not_as_expected(std::string_view text, const std::string& wrong,
                                            const std::string& expected) {
  return tl::unexpected(quoted(text) + " is " + wrong + "; expected " + expected);
}

Parsed<std::uint64_t> parse_whole_number(std::string_view text, std::uint64_t low, std::uint64_t high) {
  const std::string expected = "a whole number from " + std::to_string(low) + " to " + std::to_string(high);
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) {
    return not_as_expected(text, "not a whole number", expected);
  }
  const auto value = number<std::uint64_t>(text);
  if (!value || *value < low || *value > high) return not_as_expected(text, "out of range", expected);
  return *value;
}

Parsed<Nanos> Duration::operator()(const std::string& text) const {
  const std::string bounds = to_text(low) + " to " + to_text(high);
  const auto value = with_unit(text, kTimeUnits);
  if (!value) return not_as_expected(text, "not a duration", "a number and us, ms, s, m or h, " + bounds);
  if (*value < static_cast<std::uint64_t>(low.count()) || *value > static_cast<std::uint64_t>(high.count())) {
    return not_as_expected(text, "out of range", bounds);
  }
  return Nanos(*value);
}

Parsed<std::uint32_t> Seconds::operator()(const std::string& text) const {
  const Parsed<Nanos> value = Duration{std::chrono::seconds(low), std::chrono::seconds(high)}(text);
  if (!value) return tl::unexpected(value.error());
  if (*value % 1s != 0ns) return not_as_expected(text, "not a whole number of seconds", "whole seconds");
  return static_cast<std::uint32_t>(*value / 1s);
}

Parsed<std::uint64_t> Size::operator()(const std::string& text) const {
  const std::string bounds = in_largest_unit(low, kSizeUnits) + " to " + in_largest_unit(high, kSizeUnits);
  const auto value = with_unit(text, kSizeUnits);
  if (!value) return not_as_expected(text, "not a size", "a number and B, KiB, MiB or GiB, " + bounds);
  if (*value < low || *value > high) return not_as_expected(text, "out of range", bounds);
  return *value;
}

OneOf<bool> true_or_false() { return {{{"true", true}, {"false", false}}}; }

OneOf<std::string> one_word_of(std::initializer_list<const char*> words) {
  OneOf<std::string> result;
  for (const char* word : words) result.choices.emplace_back(word, word);
  return result;
}

Parsed<std::string> Name::operator()(const std::string& text) const {
  const bool known_characters = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return c < 128 && (std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-');
  });
  if (!text.empty() && text.size() <= longest && known_characters) return text;
  return not_as_expected(text, "not a name",
                         "1 to " + std::to_string(longest) + " letters, digits, '.', '_' or '-'");
}

Parsed<std::string> parse_text(const std::string& text) {
  if (text.empty()) return not_as_expected(text, "empty", "some text");
  return text;
}

Parsed<Endpoint> parse_endpoint(const std::string& text) {
  const std::string expected = "ADDRESS:PORT, such as 192.0.2.1:7700 or [2001:db8::1]:7700";
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return not_as_expected(text, "without a port", expected);
  std::string address = text.substr(0, colon);
  const bool bracketed = address.size() > 2 && address.front() == '[' && address.back() == ']';
  if (bracketed) address = address.substr(1, address.size() - 2);
  in6_addr parsed{};
  if (inet_pton(bracketed ? AF_INET6 : AF_INET, address.c_str(), &parsed) != 1) {
    return not_as_expected(text, "not an address and port", expected);
  }
  const auto port = number<std::uint16_t>(std::string_view(text).substr(colon + 1));
  if (!port || *port == 0) return not_as_expected(text, "of no valid port", "a port from 1 to 65535");
  return Endpoint{address, *port};
}

Parsed<dataplane::MacAddress> parse_mac(const std::string& text) {
  const std::string expected = "a unicast MAC address, such as 02:53:57:00:01:01";
  dataplane::MacAddress mac{};
  bool valid = text.size() == 3 * mac.size() - 1;
  for (std::size_t i = 0; valid && i < mac.size(); ++i) {
    const auto octet = number<std::uint8_t>(std::string_view(text).substr(3 * i, 2), 16);
    valid = octet && (i == 0 || text[3 * i - 1] == ':');
    if (valid) mac[i] = *octet;
  }
  if (!valid) return not_as_expected(text, "not a MAC address", expected);
  if ((mac[0] & 1) != 0) return not_as_expected(text, "a multicast address", expected);
  if (mac == dataplane::MacAddress{}) return not_as_expected(text, "all zero", expected);
  return mac;
}

Parsed<dataplane::PortRange> parse_port_range(const std::string& text) {
  const std::size_t dash = std::min(text.find('-'), text.size());
  const auto first = number<std::uint16_t>(std::string_view(text).substr(0, dash));
  const auto last =
      dash == text.size() ? first : number<std::uint16_t>(std::string_view(text).substr(dash + 1));
  if (!first || !last || *first == 0) {
    return not_as_expected(text, "not a port range", "PORT or FIRST-LAST, from 1 to 65535");
  }
  if (*first > *last) return not_as_expected(text, "reversed", "FIRST-LAST with the smaller port first");
  return dataplane::PortRange{*first, *last};
}

Parsed<std::uint32_t> parse_ipv4(const std::string& text) {
  const auto address = ipv4(text);
  if (!address) return not_as_expected(text, "not an IPv4 address", "an address such as 10.0.1.1");
  if (!is_unicast(*address)) return not_as_expected(text, "no host's address", "a unicast IPv4 address");
  return *address;
}

Parsed<dataplane::Ipv4Prefix> parse_network(const std::string& text) {
  auto parsed = prefix(text, "NETWORK/LENGTH, such as 10.0.1.0/24");
  if (!parsed || (parsed->address & ~parsed->mask()) == 0) return parsed;
  const std::uint32_t network = parsed->address & parsed->mask();
  return not_as_expected(text, "not a network: host bits are set",
                         to_text(dataplane::Ipv4Prefix{network, parsed->length}));
}

Parsed<dataplane::Ipv4Prefix> parse_interface(const std::string& text) {
  const std::string expected = "a host's ADDRESS/LENGTH, such as 10.0.1.1/24";
  auto parsed = prefix(text, expected);
  if (!parsed) return parsed;
  if (parsed->length == 0) return not_as_expected(text, "of no subnet", "a length of 1 to 32");
  if (is_unicast(parsed->address) && is_host_of(*parsed, parsed->address)) return parsed;
  return not_as_expected(text, "no host's address", expected);
}

bool is_host_of(const dataplane::Ipv4Prefix& subnet, std::uint32_t address) {
  if (!subnet.contains(address)) return false;
  if (subnet.length >= 31) return true;  // RFC 3021: both addresses of a /31 are hosts
  const std::uint32_t host = address & ~subnet.mask();
  return host != 0 && host != ~subnet.mask();
}

std::string to_text(std::uint32_t address) {
  const in_addr network_order{htonl(address)};
  char text[INET_ADDRSTRLEN] = {};
  inet_ntop(AF_INET, &network_order, text, sizeof(text));
  return text;
}

std::string to_text(const dataplane::Ipv4Prefix& prefix) {
  return to_text(prefix.address) + '/' + std::to_string(prefix.length);
}

std::string to_text(Nanos duration) {
  return in_largest_unit(static_cast<std::uint64_t>(duration.count()), kTimeUnits);
}

}  // namespace stillwater::appliance
