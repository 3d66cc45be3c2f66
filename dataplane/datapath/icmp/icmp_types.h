// ICMP and ICMPv6 messages, as far as they are told apart here (RFC 792, RFC 1812, RFC 4443, RFC 4861).
#pragma once

#include <cstdint>

#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

namespace icmp4 {

inline constexpr std::uint8_t kEchoReply = 0;
inline constexpr std::uint8_t kEchoRequest = 8;

inline constexpr IcmpError kNetUnreachable{3, 0, 0};
inline constexpr IcmpError kHostUnreachable{3, 1, 0};
inline constexpr IcmpError kProtocolUnreachable{3, 2, 0};
inline constexpr IcmpError kPortUnreachable{3, 3, 0};
inline constexpr IcmpError kProhibited{3, 13, 0};
inline constexpr IcmpError kTimeExceeded{11, 0, 0};
inline constexpr IcmpError kReassemblyTimeExceeded{11, 1, 0};

// RFC 1191 section 4.
[[nodiscard]] constexpr IcmpError fragmentation_needed(std::uint16_t mtu) { return {3, 4, mtu}; }
// `offset`: of the octet at fault in the header.
[[nodiscard]] constexpr IcmpError parameter_problem(std::uint8_t offset) {
  return {12, 0, std::uint32_t{offset} << 24};
}

}  // namespace icmp4

namespace icmp6 {

inline constexpr std::uint8_t kEchoRequest = 128;
inline constexpr std::uint8_t kEchoReply = 129;
inline constexpr std::uint8_t kRouterSolicitation = 133;
inline constexpr std::uint8_t kNeighbourSolicitation = 135;
inline constexpr std::uint8_t kNeighbourAdvertisement = 136;
inline constexpr std::uint8_t kRedirect = 137;

inline constexpr IcmpError kNoRoute{1, 0, 0};
inline constexpr IcmpError kProhibited{1, 1, 0};
inline constexpr IcmpError kBeyondScope{1, 2, 0};
inline constexpr IcmpError kAddressUnreachable{1, 3, 0};
inline constexpr IcmpError kPortUnreachable{1, 4, 0};
inline constexpr IcmpError kRejectRoute{1, 6, 0};
inline constexpr IcmpError kHopLimitExceeded{3, 0, 0};
inline constexpr IcmpError kReassemblyTimeExceeded{3, 1, 0};

inline constexpr std::uint8_t kPacketTooBig = 2;
inline constexpr std::uint8_t kParameterProblem = 4;
inline constexpr std::uint8_t kUnknownOption = 2;  // a code of parameter problem

// Of the errors that quote a packet, those that there are (RFC 4443 section 2.1): a firewall lets no others
// through.
[[nodiscard]] constexpr bool is_known_error(std::uint8_t type) {
  return kNoRoute.type <= type && type <= kParameterProblem;
}

[[nodiscard]] constexpr IcmpError packet_too_big(std::uint16_t mtu) { return {kPacketTooBig, 0, mtu}; }
[[nodiscard]] constexpr IcmpError bad_field(std::uint32_t offset) { return {kParameterProblem, 0, offset}; }
[[nodiscard]] constexpr IcmpError unknown_next_header(std::uint32_t offset) {
  return {kParameterProblem, 1, offset};
}
[[nodiscard]] constexpr IcmpError unknown_option(std::uint32_t offset) {
  return {kParameterProblem, kUnknownOption, offset};
}

}  // namespace icmp6

// An ICMP error that quotes the packet it is about. Redirects quote one too, but are not forwarded.
[[nodiscard]] constexpr bool quotes_a_packet(std::uint8_t icmp_type) {
  return icmp_type == icmp4::kNetUnreachable.type || icmp_type == icmp4::kTimeExceeded.type ||
         icmp_type == icmp4::parameter_problem(0).type;
}

}  // namespace stillwater::dataplane
