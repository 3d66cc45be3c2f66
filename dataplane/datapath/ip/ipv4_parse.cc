#include "dataplane/datapath/ip/ipv4_parse.h"

#include "dataplane/datapath/checksum.h"

namespace stillwater::dataplane {

std::optional<DropReason> parse_ipv4(Packet& packet) {
  rte_mbuf& mbuf = *packet.mbuf;
  const unsigned in_segment = rte_pktmbuf_data_len(&mbuf);
  if (in_segment < RTE_ETHER_HDR_LEN + sizeof(rte_ipv4_hdr)) return DropReason::truncated;
  packet.ip = rte_pktmbuf_mtod_offset(&mbuf, rte_ipv4_hdr*, RTE_ETHER_HDR_LEN);
  const rte_ipv4_hdr& ip = *packet.ip;
  if (ip.version_ihl >> 4 != 4) return DropReason::bad_version;
  const unsigned header_bytes = (ip.version_ihl & 0xfu) * 4;
  if (header_bytes < sizeof(rte_ipv4_hdr)) return DropReason::bad_header_length;
  if (in_segment < RTE_ETHER_HDR_LEN + header_bytes) return DropReason::truncated;
  const unsigned total = rte_be_to_cpu_16(ip.total_length);
  const unsigned in_frame = rte_pktmbuf_pkt_len(&mbuf) - RTE_ETHER_HDR_LEN;
  if (total < header_bytes || total > in_frame) return DropReason::bad_total_length;
  if (sum_words(&ip, header_bytes) != 0xffff) return DropReason::bad_checksum;
  if (is_martian(ip.src_addr)) return DropReason::martian_source;
  if (is_martian(ip.dst_addr)) return DropReason::martian_destination;

  if (total < in_frame && mbuf.nb_segs == 1)
    rte_pktmbuf_trim(&mbuf, static_cast<std::uint16_t>(in_frame - total));
  packet.l4 = rte_pktmbuf_mtod_offset(&mbuf, std::uint8_t*, RTE_ETHER_HDR_LEN + header_bytes);
  const unsigned to_segment_end = in_segment - RTE_ETHER_HDR_LEN - header_bytes;
  packet.l4_bytes = static_cast<std::uint16_t>(RTE_MIN(total - header_bytes, to_segment_end));
  packet.protocol = ip.next_proto_id;
  return std::nullopt;
}

bool is_fragment(const rte_ipv4_hdr& ip) {
  constexpr unsigned kMoreFragmentsOrOffset = RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK;
  return (rte_be_to_cpu_16(ip.fragment_offset) & kMoreFragmentsOrOffset) != 0;
}

}  // namespace stillwater::dataplane
