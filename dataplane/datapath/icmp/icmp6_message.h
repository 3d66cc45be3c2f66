// ICMPv6 messages of our own making: errors, echo, neighbour discovery.
#pragma once

#include <cstdint>

#include <rte_mbuf.h>

#include "base/ip_address.h"

namespace stillwater::dataplane {

inline constexpr std::uint8_t kOwnHopLimit = 64;
inline constexpr std::uint8_t kLinkHopLimit = 255;  // of neighbour discovery (RFC 4861 section 7.1)

// Begins a message in an empty mbuf: Ethernet, IPv6, and the first 8 octets of ICMPv6, of which the last 4
// are the caller's. What follows them is appended by the caller. Returns the ICMPv6 header.
std::uint8_t* begin_icmp6(rte_mbuf& mbuf, const IpAddress& source, const IpAddress& destination,
                          std::uint8_t type, std::uint8_t code);
// Length, hop limit and checksum of what was begun.
void finish_icmp6(rte_mbuf& mbuf, std::uint8_t hop_limit);

// Changes the type of the request that begins at `icmp`, which went to `asked` and is answered from `source`.
// A wrong checksum stays as wrong as it was.
void turn_into_echo_reply(std::uint8_t* icmp, const IpAddress& asked, const IpAddress& source);

// Sums up the pseudo-header of an ICMPv6 message of `bytes` octets (RFC 8200 section 8.1).
[[nodiscard]] std::uint16_t sum_pseudo_header(const IpAddress& source, const IpAddress& destination,
                                              std::uint32_t bytes);

// Sums up the ICMPv6 message of `bytes` octets at `message`, with its pseudo-header; 0xffff: its checksum is
// right.
[[nodiscard]] std::uint16_t sum_icmp6(const IpAddress& source, const IpAddress& destination,
                                      const void* message, std::uint32_t bytes);

}  // namespace stillwater::dataplane
