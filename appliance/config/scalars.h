// Turns the text of one YAML scalar into a value. Pure functions and small function objects; the error of
// each reads "'text' is ...; expected ...".
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "appliance/config/config.h"
#include "base/clock.h"
#include "base/ip_address.h"
#include "base/yaml/mistakes.h"
#include "dataplane/config.h"

namespace stillwater::appliance {

template <class T>
using Parsed = tl::expected<T, std::string>;

using yaml::quoted;

// tl::unexpected with "'text' is WRONG; expected EXPECTED".
[[nodiscard]] tl::unexpected<std::string> not_as_expected(std::string_view text, const std::string& wrong,
                                                          const std::string& expected);

[[nodiscard]] Parsed<std::uint64_t> parse_whole_number(std::string_view text, std::uint64_t low,
                                                       std::uint64_t high);

template <class T>
struct WholeNumber {
  T low, high;

  Parsed<T> operator()(const std::string& text) const {
    return parse_whole_number(text, low, high).map([](std::uint64_t n) { return static_cast<T>(n); });
  }
};

// A whole number and one of us, ms, s, m, h.
struct Duration {
  Nanos low, high;
  Parsed<Nanos> operator()(const std::string& text) const;
};

// A duration of whole seconds.
struct Seconds {
  std::uint32_t low, high;
  Parsed<std::uint32_t> operator()(const std::string& text) const;
};

// A whole number and one of B, KiB, MiB, GiB; the value is in bytes.
struct Size {
  std::uint64_t low, high;
  Parsed<std::uint64_t> operator()(const std::string& text) const;
};

// One of a few words.
template <class T>
struct OneOf {
  std::vector<std::pair<std::string, T>> choices;

  Parsed<T> operator()(const std::string& text) const {
    std::string words;
    for (const auto& [word, value] : choices) {
      if (word == text) return value;
      words += (words.empty() ? "" : ", ") + word;
    }
    return not_as_expected(text, "not known here",
                           choices.size() > 1 ? "one of " + words : words + ", the only one supported");
  }
};

[[nodiscard]] OneOf<bool> true_or_false();
// Words that are kept as they are.
[[nodiscard]] OneOf<std::string> one_word_of(std::initializer_list<const char*> words);

// 1 to `longest` characters of A-Z a-z 0-9 . _ -
struct Name {
  std::size_t longest;
  Parsed<std::string> operator()(const std::string& text) const;
};

// Any text but none.
[[nodiscard]] Parsed<std::string> parse_text(const std::string& text);

// ADDRESS:PORT with an IPv4 literal, or an IPv6 literal in brackets.
[[nodiscard]] Parsed<Endpoint> parse_endpoint(const std::string& text);

// Unicast.
[[nodiscard]] Parsed<dataplane::MacAddress> parse_mac(const std::string& text);

// N or FIRST-LAST, from 1 to 65535.
[[nodiscard]] Parsed<dataplane::PortRange> parse_port_range(const std::string& text);

// A unicast address that a host can have.
[[nodiscard]] Parsed<std::uint32_t> parse_ipv4(const std::string& text);
// ADDRESS/LENGTH without host bits: 10.0.1.0/24.
[[nodiscard]] Parsed<dataplane::Ipv4Prefix> parse_network(const std::string& text);
// A host's address and the length of its subnet: 10.0.1.1/24.
[[nodiscard]] Parsed<dataplane::Ipv4Prefix> parse_interface(const std::string& text);

// A unicast address of either family that a host can have.
[[nodiscard]] Parsed<IpAddress> parse_ip(const std::string& text);
// ADDRESS/LENGTH of either family without host bits: 10.0.1.0/24, 2001:db8::/32.
[[nodiscard]] Parsed<IpPrefix> parse_ip_network(const std::string& text);
// An IPv6 host's address and the length of its subnet: 2001:db8::1/64. Not link-local.
[[nodiscard]] Parsed<IpPrefix> parse_interface6(const std::string& text);
[[nodiscard]] inline bool is_ipv6_text(const std::string& text) {
  return text.find(':') != std::string::npos;
}

// False for the network's own and the broadcast address of `subnet`, and outside of it.
[[nodiscard]] bool is_host_of(const dataplane::Ipv4Prefix& subnet, std::uint32_t address);

[[nodiscard]] std::string to_text(std::uint32_t address);
[[nodiscard]] std::string to_text(const dataplane::Ipv4Prefix& prefix);
[[nodiscard]] std::string to_text(const IpAddress& address);
[[nodiscard]] std::string to_text(const IpPrefix& prefix);
[[nodiscard]] std::string to_text(Nanos duration);

}  // namespace stillwater::appliance
