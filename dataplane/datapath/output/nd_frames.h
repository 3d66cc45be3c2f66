// Neighbour discovery messages of our own making (RFC 4861 section 4).
#pragma once

#include <array>
#include <cstdint>

#include <rte_ether.h>
#include <rte_mbuf.h>

#include "base/ip_address.h"

namespace stillwater::dataplane {

inline constexpr std::uint8_t kSourceLinkOption = 1;
inline constexpr std::uint8_t kTargetLinkOption = 2;

inline constexpr std::uint8_t kRouterFlag = 0x80;
inline constexpr std::uint8_t kSolicitedFlag = 0x40;
inline constexpr std::uint8_t kOverrideFlag = 0x20;

// ff02::1
inline constexpr IpAddress kAllNodes{{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

// RFC 4291 section 2.7.1.
[[nodiscard]] IpAddress solicited_node(const IpAddress& address);
// RFC 2464 section 7.
[[nodiscard]] rte_ether_addr multicast_mac(const IpAddress& group);

// Fills an empty `frame` with a question of `mac`, which has `source`, for `target`: to all that might have
// it, or, where `known` is not null, to the station that had it.
void write_neighbour_solicitation(rte_mbuf& frame, const rte_ether_addr& mac, const IpAddress& source,
                                  const IpAddress& target, const rte_ether_addr* known);

// Fills an empty `frame` with word to `destination` (`destination_mac`) that `mac` has `target`, which is
// also the source. `flags` beside the router flag.
void write_neighbour_advertisement(rte_mbuf& frame, const rte_ether_addr& mac, const IpAddress& target,
                                   const IpAddress& destination, const rte_ether_addr& destination_mac,
                                   std::uint8_t flags);

}  // namespace stillwater::dataplane
