// What the short ways of bursts have in common: which frames are plain, and how they leave.
#pragma once

#include <cstdint>
#include <cstring>

#include <rte_mbuf.h>

#include "dataplane/datapath/checksum.h"
#include "dataplane/datapath/context.h"
#include "dataplane/datapath/ip/ipv4_parse.h"

namespace stillwater::dataplane {

inline std::uint64_t word_at(const void* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

// To this port's MAC, from one station that is not us, untagged. The whole Ethernet header is there.
[[nodiscard]] inline bool is_plain_frame(const Service& service, const ServicePort& port,
                                         const rte_mbuf& frame, std::uint16_t& ethertype_be) {
  constexpr std::uint64_t kMacMask = (std::uint64_t{1} << 48) - 1;
  const auto* bytes = rte_pktmbuf_mtod(&frame, const std::uint8_t*);
  const std::uint64_t to = word_at(bytes);
  const std::uint64_t from = word_at(bytes + RTE_ETHER_ADDR_LEN);
  ethertype_be = static_cast<std::uint16_t>(from >> 48);
  const bool odd = (frame.ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0 || (from & 1) != 0;
  return (to & kMacMask) == port.mac_word && !odd && !service.own_macs.may_contain(from & kMacMask);
}

// Without options, with a time to live that is left, between addresses that are neither martian nor ours as
// a source. The whole header is there.
[[nodiscard]] inline bool is_plain(const Service& service, const rte_mbuf& frame, const rte_ipv4_hdr& ip) {
  const unsigned total = rte_be_to_cpu_16(ip.total_length);
  const unsigned in_frame = rte_pktmbuf_pkt_len(&frame) - RTE_ETHER_HDR_LEN;
  return ip.version_ihl == RTE_IPV4_VHL_DEF && total >= sizeof(ip) && total <= in_frame &&
         ip.time_to_live > 1 && !is_martian(ip.src_addr) && !is_martian(ip.dst_addr) &&
         !service.own.may_contain4(ip.src_addr) && sum_words(&ip, sizeof(ip)) == 0xffff;
}

// The same; of global unicast (2000::/3) alone.
[[nodiscard]] inline bool is_plain(const Service& service, const rte_mbuf& frame, const rte_ipv6_hdr& ip) {
  const unsigned total = rte_be_to_cpu_16(ip.payload_len) + unsigned{sizeof(ip)};
  return (ip.vtc_flow & rte_cpu_to_be_32(0xf0000000u)) == rte_cpu_to_be_32(0x60000000u) &&
         total <= rte_pktmbuf_pkt_len(&frame) - RTE_ETHER_HDR_LEN && ip.hop_limits > 1 &&
         (ip.src_addr[0] & 0xe0) == 0x20 && (ip.dst_addr[0] & 0xe0) == 0x20 &&
         !service.own.may_contain6(IpAddress::v6(ip.src_addr));
}

template <class Header>
[[nodiscard]] Header& header_of(rte_mbuf& frame) {
  return *rte_pktmbuf_mtod_offset(&frame, Header*, RTE_ETHER_HDR_LEN);
}

// Link padding goes, as on the long way. `bytes`: of the frame. False: it lies in a chain.
[[nodiscard]] inline bool trim(rte_mbuf& frame, unsigned bytes) {
  if (frame.pkt_len == bytes) return true;
  if (frame.nb_segs != 1) return false;
  frame.pkt_len = bytes;
  frame.data_len = static_cast<std::uint16_t>(bytes);
  return true;
}

// What a packet to `destination` gets in front of it, until the next question. Null: the long way has to see.
[[nodiscard]] inline const LinkHeader* link_along(Context& context, const Adjacency& adjacency,
                                                  const IpAddress& destination) {
  Rewrites& rewrites = context.output.rewrites();
  if (adjacency.kind == Adjacency::Kind::via) return rewrites.find(adjacency);
  return adjacency.kind == Adjacency::Kind::connected ? rewrites.find(adjacency.port, destination) : nullptr;
}

inline void send_along(Context& context, const LinkHeader& link, rte_mbuf& frame) {
  link.write_to(frame);
  context.output.send_untagged(link.device, &frame);
}

}  // namespace stillwater::dataplane
