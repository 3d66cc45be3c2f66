#include "dataplane/datapath/ip/ipv6_parse.h"

#include <algorithm>

namespace stillwater::dataplane {
namespace {

constexpr IpAddress kLoopback{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

// RFC 4291 sections 2.5.2, 2.5.3 and 2.5.5.2.
bool is_never_on_a_link(const IpAddress& address) { return address == kLoopback || address.is_v4(); }

}  // namespace

std::optional<DropReason> parse_ipv6(Packet& packet) {
  rte_mbuf& mbuf = *packet.mbuf;
  const unsigned in_segment = rte_pktmbuf_data_len(&mbuf);
  if (in_segment < RTE_ETHER_HDR_LEN + sizeof(rte_ipv6_hdr)) return DropReason::truncated;
  packet.ip6 = rte_pktmbuf_mtod_offset(&mbuf, rte_ipv6_hdr*, RTE_ETHER_HDR_LEN);
  const rte_ipv6_hdr& ip = *packet.ip6;
  if (rte_be_to_cpu_32(ip.vtc_flow) >> 28 != 6) return DropReason::bad_version;
  const unsigned total = rte_be_to_cpu_16(ip.payload_len) + unsigned{sizeof(ip)};
  const unsigned in_frame = rte_pktmbuf_pkt_len(&mbuf) - RTE_ETHER_HDR_LEN;
  if (total > in_frame) return DropReason::bad_total_length;
  const IpAddress source = IpAddress::v6(ip.src_addr);
  const IpAddress destination = IpAddress::v6(ip.dst_addr);
  if (source.is_multicast() || is_never_on_a_link(source)) return DropReason::martian_source;
  if (destination.is_none() || is_never_on_a_link(destination)) return DropReason::martian_destination;

  if (total < in_frame && mbuf.nb_segs == 1)
    rte_pktmbuf_trim(&mbuf, static_cast<std::uint16_t>(in_frame - total));
  packet.l4 = reinterpret_cast<std::uint8_t*>(packet.ip6 + 1);
  const unsigned to_segment_end = in_segment - RTE_ETHER_HDR_LEN - unsigned{sizeof(ip)};
  packet.l4_bytes = static_cast<std::uint16_t>(std::min(total - unsigned{sizeof(ip)}, to_segment_end));
  packet.protocol = ip.proto;
  packet.next_header_at = offsetof(rte_ipv6_hdr, proto);
  return std::nullopt;
}

}  // namespace stillwater::dataplane
