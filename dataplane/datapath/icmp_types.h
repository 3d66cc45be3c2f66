// ICMP messages as RFC 792 numbers them, as far as they are told apart here.
#pragma once

#include <cstdint>

namespace stillwater::dataplane {

// An error that quotes the packet it is about. Redirects quote one too, but are not forwarded.
[[nodiscard]] constexpr bool quotes_a_packet(std::uint8_t icmp_type) {
  constexpr std::uint8_t kDestinationUnreachable = 3;
  constexpr std::uint8_t kTimeExceeded = 11;
  constexpr std::uint8_t kParameterProblem = 12;
  return icmp_type == kDestinationUnreachable || icmp_type == kTimeExceeded || icmp_type == kParameterProblem;
}

}  // namespace stillwater::dataplane
