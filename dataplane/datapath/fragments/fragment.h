// Packets that are longer than the link they leave through, cut into fragments.
//
// Written here, and not left to rte_ip_frag: its fragments without indirect buffers (which ports that were
// asked for MBUF_FAST_FREE do not bear), rte_ipv4_fragment_copy_nonseg_packet, are not ABI yet; behind the
// first they stay as short as the first one's options made it; it takes link padding for payload, begins with
// the IP header and leaves out the checksum; of IPv6 it has none by copy, and knows no identification.
//
// How a node cuts what it forwards:
//   if (exceeds(*packet.ip, mtu)) {
//     if (!may_be_cut(*packet.ip)) ...                                   // too_big, and ICMP 3/4
//     Fragments fragments;
//     if (const auto why = fragment_ipv4(context.pool, *packet.mbuf, mtu, fragments)) return
//     Verdict::drop(*why); for (rte_mbuf* frame : fragments) ...                              // leaves as
//     any packet, in this order context.pool.agent().free(&packet.mbuf, 1);                        // taken:
//     the packet is in them
//   }
// Time to live was decremented before, and its checksum need not be right.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <rte_ip.h>
#include <rte_mbuf.h>

#include "dataplane/datapath/drop_reason.h"
#include "dataplane/datapath/packet_pool.h"

namespace stillwater::dataplane {

// Frames in the order in which they leave. Whoever has it on the stack owns them.
struct Fragments {
  // The longest datagram of either family, cut for IPv6's least MTU, has 54.
  static constexpr unsigned kMax = 64;

  std::array<rte_mbuf*, kMax> frames;
  unsigned count = 0;

  [[nodiscard]] rte_mbuf** begin() { return frames.data(); }
  [[nodiscard]] rte_mbuf** end() { return frames.data() + count; }
};

[[nodiscard]] inline bool exceeds(const rte_ipv4_hdr& ip, std::uint16_t mtu) {
  return rte_be_to_cpu_16(ip.total_length) > mtu;
}
[[nodiscard]] inline bool exceeds(const rte_ipv6_hdr& ip, std::uint16_t mtu) {
  return sizeof(ip) + rte_be_to_cpu_16(ip.payload_len) > mtu;
}
[[nodiscard]] inline bool may_be_cut(const rte_ipv4_hdr& ip) {
  return (ip.fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG)) == 0;
}

// Appends the fragments of the IPv4 packet in `frame` to `out`, each as long as the MTU allows (RFC 791
// section 3.2, RFC 1812 section 4.2.2.7): copies in buffers of `pool` of one segment each, which begin with
// the frame's Ethernet header. `frame` may have several segments and stays the caller's, unchanged; its
// headers lie in the first. A packet that fits gives one. A reason: nothing was made, and `out` is as it was.
[[nodiscard]] std::optional<DropReason> fragment_ipv4(PacketPool& pool, const rte_mbuf& frame,
                                                      std::uint16_t mtu, Fragments& out);

// The same for an IPv6 packet that this node is the source of: no router may cut one (RFC 8200 section 5).
// Options and routing headers for the nodes on the way are in every fragment, the Fragment header behind them
// (section 4.5). `identification`, in any byte order, differs from those of the packets that this node has
// sent to the destination of late, and should not be guessable (RFC 7739). Only for packets that exceed the
// MTU: one that fits would become an atomic fragment, which nobody should send (RFC 8021).
[[nodiscard]] std::optional<DropReason> fragment_ipv6(PacketPool& pool, const rte_mbuf& frame,
                                                      std::uint16_t mtu, std::uint32_t identification,
                                                      Fragments& out);

}  // namespace stillwater::dataplane
