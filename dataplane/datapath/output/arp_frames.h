// ARP frames of our own making.
#pragma once

#include <cstdint>

#include <rte_arp.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

namespace stillwater::dataplane {

inline constexpr std::uint16_t kArpFrameBytes = RTE_ETHER_HDR_LEN + sizeof(rte_arp_hdr);

// Fills an empty `frame` with a request from `mac` for `target_be`: a broadcast, or, where `known` is not
// null, to the station that had it (RFC 1122 section 2.3.2.1). A source equal to the target makes it a
// gratuitous one (RFC 5227 announcement).
void write_arp_request(rte_mbuf& frame, const rte_ether_addr& mac, std::uint32_t source_be,
                       std::uint32_t target_be, const rte_ether_addr* known = nullptr);

// Turns the request in `frame` into its answer: `mac` has the address that was asked for.
void turn_into_arp_reply(rte_mbuf& frame, const rte_ether_addr& mac);

}  // namespace stillwater::dataplane
