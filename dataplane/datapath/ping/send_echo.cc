#include "dataplane/datapath/ping/send_echo.h"

#include <algorithm>
#include <cstring>

#include <netinet/in.h>

#include <rte_random.h>

#include "dataplane/datapath/checksum.h"
#include "dataplane/datapath/fragments/segments.h"
#include "dataplane/datapath/icmp/icmp6_message.h"
#include "dataplane/datapath/icmp/icmp_types.h"
#include "dataplane/datapath/nodes/ip/flow_choice.h"
#include "dataplane/datapath/nodes/ip/send_fragments.h"
#include "dataplane/datapath/nodes/ipv4/forward_ipv4.h"
#include "dataplane/datapath/nodes/ipv6/forward_ipv6.h"
#include "dataplane/datapath/translate.h"

namespace stillwater::dataplane {
namespace {

using Outcome = EchoSent::Outcome;

constexpr std::uint16_t kIcmpBytes = 8;

void write_ipv4(const EchoOrder& order, std::uint8_t* at) {
  auto& ip = *reinterpret_cast<rte_ipv4_hdr*>(at);
  ip = rte_ipv4_hdr{};
  ip.version_ihl = RTE_IPV4_VHL_DEF;
  ip.total_length =
      rte_cpu_to_be_16(static_cast<std::uint16_t>(sizeof(ip) + kIcmpBytes + order.payload_bytes));
  ip.packet_id = static_cast<std::uint16_t>(rte_rand());
  ip.fragment_offset = order.dont_fragment ? rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG) : std::uint16_t{0};
  ip.time_to_live = order.hops;
  ip.next_proto_id = IPPROTO_ICMP;
  ip.src_addr = order.echo.source.v4_be();
  ip.dst_addr = order.echo.destination.v4_be();
  ip.hdr_checksum = checksum_of(&ip, sizeof(ip));
}

void write_ipv6(const EchoOrder& order, std::uint8_t* at) {
  auto& ip = *reinterpret_cast<rte_ipv6_hdr*>(at);
  ip = rte_ipv6_hdr{};
  ip.vtc_flow = rte_cpu_to_be_32(6u << 28);
  ip.payload_len = rte_cpu_to_be_16(static_cast<std::uint16_t>(kIcmpBytes + order.payload_bytes));
  ip.proto = IPPROTO_ICMPV6;
  ip.hop_limits = order.hops;
  std::memcpy(ip.src_addr, &order.echo.source, sizeof(order.echo.source));
  std::memcpy(ip.dst_addr, &order.echo.destination, sizeof(order.echo.destination));
}

// Octets that count up, in as many more segments as it takes. False: no buffer is left.
bool append_payload(PacketPool& pool, rte_mbuf& frame, unsigned bytes) {
  for (unsigned written = 0; written < bytes;) {
    const unsigned room = rte_pktmbuf_tailroom(rte_pktmbuf_lastseg(&frame));
    if (room == 0) {
      rte_mbuf* more = pool.make();
      if (more == nullptr) return false;
      (void)rte_pktmbuf_chain(&frame, more);  // far fewer than it may have
      pool.agent().join(1);
      continue;
    }
    const unsigned part = std::min(room, bytes - written);
    auto* at = reinterpret_cast<std::uint8_t*>(rte_pktmbuf_append(&frame, static_cast<std::uint16_t>(part)));
    for (unsigned i = 0; i < part; ++i) at[i] = static_cast<std::uint8_t>(written + i);
    written += part;
  }
  return true;
}

// Ethernet without addresses, IP, ICMP. Null: no buffer is left.
rte_mbuf* make_request(PacketPool& pool, const EchoOrder& order) {
  rte_mbuf* frame = pool.make();
  if (frame == nullptr) return nullptr;
  const bool is_v4 = order.echo.destination.is_v4();
  const unsigned ip_bytes = is_v4 ? unsigned{sizeof(rte_ipv4_hdr)} : unsigned{sizeof(rte_ipv6_hdr)};
  auto* ether = reinterpret_cast<rte_ether_hdr*>(
      rte_pktmbuf_append(frame, static_cast<std::uint16_t>(RTE_ETHER_HDR_LEN + ip_bytes + kIcmpBytes)));
  ether->ether_type = rte_cpu_to_be_16(is_v4 ? RTE_ETHER_TYPE_IPV4 : RTE_ETHER_TYPE_IPV6);
  auto* ip = reinterpret_cast<std::uint8_t*>(ether + 1);
  is_v4 ? write_ipv4(order, ip) : write_ipv6(order, ip);
  std::uint8_t* icmp = ip + ip_bytes;
  std::memset(icmp, 0, kIcmpBytes);
  icmp[0] = is_v4 ? icmp4::kEchoRequest : icmp6::kEchoRequest;
  std::memcpy(icmp + 4, &order.echo.identifier_be, sizeof(order.echo.identifier_be));
  std::memcpy(icmp + 6, &order.echo.sequence_be, sizeof(order.echo.sequence_be));
  if (!append_payload(pool, *frame, order.payload_bytes)) {
    pool.agent().free(&frame, 1);
    return nullptr;
  }
  const std::uint32_t bytes = std::uint32_t{kIcmpBytes} + order.payload_bytes;
  std::uint16_t sum = sum_bytes(*frame, RTE_ETHER_HDR_LEN + ip_bytes, bytes);
  if (!is_v4)
    sum = fold(std::uint32_t{sum} + sum_pseudo_header(order.echo.source, order.echo.destination, bytes));
  const auto checksum = static_cast<std::uint16_t>(~sum);
  std::memcpy(icmp + 2, &checksum, sizeof(checksum));
  return frame;
}

// The answer would be taken for that session's. Of IPv6 there is none with an own address.
bool is_in_use(const Context& context, const Echo& echo) {
  if (!context.service.pipeline.has_sessions || !echo.destination.is_v4()) return false;
  region::FlowKey answer;
  answer.source_be = echo.destination.v4_be();
  answer.destination_be = echo.source.v4_be();
  answer.source_port_be = answer.destination_port_be = echo.identifier_be;
  answer.protocol = IPPROTO_ICMP;
  return static_cast<bool>(context.state.sessions.find(answer));
}

bool find_next_hop(const Context& context, const EchoOrder& order, Packet& packet) {
  if (!order.echo.destination.is_v4())
    return find_next_hop_6(context, order.echo.destination, order.link_port, packet);
  const Adjacency& route = choose(context.fib().find(order.echo.destination.v4_be()), *packet.mbuf);
  if (route.forwards()) set_next_hop(packet, route, order.echo.destination);
  return route.forwards();
}

EchoSent not_sent(Context& context, Packet& packet, const EchoSent& why) {
  context.pool.agent().free(&packet.mbuf, 1);
  return why;
}

}  // namespace

EchoSent send_echo(Context& context, const EchoOrder& order) {
  if (is_in_use(context, order.echo)) return {Outcome::identifier_in_use};
  Packet packet{.mbuf = make_request(context.pool, order)};
  if (packet.mbuf == nullptr) return {Outcome::no_buffer};
  const bool is_v4 = order.echo.destination.is_v4();
  if (is_v4)
    packet.ip = rte_pktmbuf_mtod_offset(packet.mbuf, rte_ipv4_hdr*, RTE_ETHER_HDR_LEN);
  else
    packet.ip6 = rte_pktmbuf_mtod_offset(packet.mbuf, rte_ipv6_hdr*, RTE_ETHER_HDR_LEN);
  if (!find_next_hop(context, order, packet)) return not_sent(context, packet, {Outcome::no_route});
  const std::uint16_t mtu = context.service.ports[packet.out_port].mtu;
  const bool fits = rte_pktmbuf_pkt_len(packet.mbuf) - RTE_ETHER_HDR_LEN <= mtu;
  if (!fits && order.dont_fragment) return not_sent(context, packet, {Outcome::too_big, mtu});
  context.turn.begin_packet();
  if (fits) {
    context.ping->await(order.echo);
    context.output.forward(packet, context.turn.depends_epoch());
    return {};
  }
  if (send_fragments(context, packet, mtu).kind != Verdict::Kind::taken)
    return not_sent(context, packet, {Outcome::cannot_cut});
  context.ping->await(order.echo);  // nothing leaves before this worker transmits
  return {};
}

}  // namespace stillwater::dataplane
