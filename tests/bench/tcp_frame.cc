#include "tests/bench/tcp_frame.h"

#include <cstring>

#include <netinet/in.h>

#include "dataplane/datapath/checksum.h"
#include "tests/bench/network.h"

namespace stillwater::bench {

const TcpFrame* tcp_frame_in(const rte_mbuf& packet) {
  const auto* frame = rte_pktmbuf_mtod(&packet, const TcpFrame*);
  const bool is_tcp = packet.data_len >= sizeof(TcpFrame) - TcpFrame::kDataBytesMax &&
                      frame->ether.ether_type == htons(RTE_ETHER_TYPE_IPV4) &&
                      frame->ip.next_proto_id == IPPROTO_TCP;
  return is_tcp ? frame : nullptr;
}

TcpSegments::TcpSegments(unsigned side, std::uint8_t flags, std::uint16_t data_bytes) {
  head_.ether.dst_addr = kVirtualMac[side];
  head_.ether.src_addr = kPeerMac[side];
  head_.ether.ether_type = htons(RTE_ETHER_TYPE_IPV4);
  head_.ip.version_ihl = RTE_IPV4_VHL_DEF;
  head_.ip.total_length =
      htons(static_cast<std::uint16_t>(sizeof(rte_ipv4_hdr) + sizeof(rte_tcp_hdr) + data_bytes));
  head_.ip.time_to_live = 64;
  head_.ip.next_proto_id = IPPROTO_TCP;
  head_.tcp.data_off = 5 << 4;
  head_.tcp.tcp_flags = flags;
  head_.tcp.rx_win = htons(0xffff);
  sum_ = dataplane::sum_words(&head_.ip, sizeof(head_.ip));
}

void TcpSegments::write(rte_mbuf& packet, const TcpTuple& tuple, std::uint32_t sequence,
                        std::uint32_t acknowledged) const {
  auto& frame = *rte_pktmbuf_mtod(&packet, TcpFrame*);
  std::memcpy(&frame, &head_, sizeof(frame));
  frame.ip.src_addr = tuple.source_be;
  frame.ip.dst_addr = tuple.destination_be;
  frame.ip.hdr_checksum = static_cast<std::uint16_t>(
      ~dataplane::fold(sum_ + (tuple.source_be & 0xffff) + (tuple.source_be >> 16) +
                       (tuple.destination_be & 0xffff) + (tuple.destination_be >> 16)));
  frame.tcp.src_port = tuple.source_port_be;
  frame.tcp.dst_port = tuple.destination_port_be;
  frame.tcp.sent_seq = htonl(sequence);
  frame.tcp.recv_ack = htonl(acknowledged);
  packet.data_len = sizeof(frame);
  packet.pkt_len = sizeof(frame);
}

}  // namespace stillwater::bench
