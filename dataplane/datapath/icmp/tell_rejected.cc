#include "dataplane/datapath/icmp/tell_rejected.h"

#include <cstring>

#include <netinet/in.h>

#include "dataplane/datapath/icmp/icmp6_message.h"
#include "dataplane/datapath/icmp/icmp_errors.h"
#include "dataplane/datapath/icmp/icmp_types.h"
#include "dataplane/datapath/nodes/ipv4/forward_ipv4.h"
#include "dataplane/datapath/nodes/ipv6/forward_ipv6.h"
#include "dataplane/datapath/output/send.h"
#include "dataplane/datapath/tcp_window.h"

namespace stillwater::dataplane {
namespace {

constexpr std::uint8_t kOwnTtl = 64;
constexpr std::uint16_t kDatagramBytes = sizeof(rte_ipv4_hdr) + sizeof(rte_tcp_hdr);

template <class IpHeader>
struct ResetFrame {
  rte_ether_hdr ether;
  IpHeader ip;
  rte_tcp_hdr tcp;
} __attribute__((packed, aligned(2)));

// At the end of an empty message.
template <class IpHeader>
ResetFrame<IpHeader>& append_reset(rte_mbuf& message, std::uint16_t ethertype) {
  auto* frame =
      reinterpret_cast<ResetFrame<IpHeader>*>(rte_pktmbuf_append(&message, sizeof(ResetFrame<IpHeader>)));
  *frame = ResetFrame<IpHeader>{};
  frame->ether.ether_type = rte_cpu_to_be_16(ethertype);
  return *frame;
}

// What a host without that connection answers.
rte_tcp_hdr reset_of(const Packet& packet, const TcpSegment& seen) {
  const auto& segment = *packet.l4_as<rte_tcp_hdr>();
  rte_tcp_hdr reset{};
  reset.src_port = segment.dst_port;
  reset.dst_port = segment.src_port;
  reset.data_off = 5 << 4;
  if ((segment.tcp_flags & RTE_TCP_ACK_FLAG) != 0) {
    reset.sent_seq = segment.recv_ack;
    reset.tcp_flags = RTE_TCP_RST_FLAG;
    return reset;
  }
  reset.recv_ack = rte_cpu_to_be_32(seen.end());
  reset.tcp_flags = RTE_TCP_RST_FLAG | RTE_TCP_ACK_FLAG;
  return reset;
}

void send_reset4(Context& context, const Packet& packet) {
  const std::uint32_t sender_be = packet.ip->src_addr;
  const Adjacency& route = context.fib().lookup(sender_be);
  if (!route.forwards()) return;
  Packet message{.mbuf = context.pool.make()};
  if (message.mbuf == nullptr) return;
  set_next_hop(message, route, IpAddress::v4(sender_be));
  auto& frame = append_reset<rte_ipv4_hdr>(*message.mbuf, RTE_ETHER_TYPE_IPV4);
  frame.ip.version_ihl = RTE_IPV4_VHL_DEF;
  frame.ip.total_length = rte_cpu_to_be_16(kDatagramBytes);
  frame.ip.fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);
  frame.ip.time_to_live = kOwnTtl;
  frame.ip.next_proto_id = IPPROTO_TCP;
  frame.ip.src_addr = packet.ip->dst_addr;
  frame.ip.dst_addr = sender_be;
  frame.tcp = reset_of(packet, segment_of(packet));
  frame.tcp.cksum = rte_ipv4_udptcp_cksum(&frame.ip, &frame.tcp);
  frame.ip.hdr_checksum = rte_ipv4_cksum(&frame.ip);
  send(context, message);
}

void send_reset6(Context& context, const Packet& packet) {
  Packet message{};
  if (!find_next_hop_6(context, IpAddress::v6(packet.ip6->src_addr), packet.in_port, message)) return;
  message.mbuf = context.pool.make();
  if (message.mbuf == nullptr) return;
  auto& frame = append_reset<rte_ipv6_hdr>(*message.mbuf, RTE_ETHER_TYPE_IPV6);
  frame.ip.vtc_flow = rte_cpu_to_be_32(6u << 28);
  frame.ip.payload_len = rte_cpu_to_be_16(sizeof(rte_tcp_hdr));
  frame.ip.proto = IPPROTO_TCP;
  frame.ip.hop_limits = kOwnHopLimit;
  std::memcpy(frame.ip.src_addr, packet.ip6->dst_addr, sizeof(frame.ip.src_addr));
  std::memcpy(frame.ip.dst_addr, packet.ip6->src_addr, sizeof(frame.ip.dst_addr));
  frame.tcp = reset_of(packet, segment6_of(packet));
  frame.tcp.cksum = rte_ipv6_udptcp_cksum(&frame.ip, &frame.tcp);
  send(context, message);
}

// A reset is never answered by one, nor is what was sent to many.
void tell_by_reset(Context& context, const Packet& packet) {
  if (!packet.to_us || (packet.tcp_flags & RTE_TCP_RST_FLAG) != 0) return;
  if (!context.error_limit.take(context.now)) return context.pool.count(DropReason::icmp_error_suppressed);
  packet.ip != nullptr ? send_reset4(context, packet) : send_reset6(context, packet);
}

}  // namespace

void tell_rejected(Context& context, const Packet& packet) {
  if (packet.protocol == IPPROTO_TCP) return tell_by_reset(context, packet);
  send_icmp_error(context, packet, packet.ip != nullptr ? icmp4::kProhibited : icmp6::kProhibited);
}

}  // namespace stillwater::dataplane
