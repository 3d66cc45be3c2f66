#include <cstring>

#include <netinet/in.h>

#include "dataplane/datapath/fragments/ipv6_headers.h"
#include "dataplane/datapath/icmp/icmp6_message.h"
#include "dataplane/datapath/icmp/icmp_types.h"
#include "dataplane/datapath/ip/ipv6_headers.h"
#include "dataplane/datapath/nodes/ip/reassemble.h"
#include "dataplane/datapath/nodes/ip/send_fragments.h"
#include "dataplane/datapath/nodes/ipv6/forward_ipv6.h"
#include "dataplane/datapath/nodes/nodes.h"
#include "dataplane/datapath/ping/ping_answer.h"

namespace stillwater::dataplane {
namespace {

constexpr unsigned kIcmpBytes = 8;

bool is_discovery(const Packet& packet) {
  return packet.protocol == IPPROTO_ICMPV6 && packet.l4_bytes >= kIcmpBytes &&
         icmp6::kRouterSolicitation <= packet.l4[0] && packet.l4[0] <= icmp6::kRedirect;
}

// A firewall takes no fragments, and nothing that they are put together of.
bool is_whole(const Packet& packet) {
  return packet.l4_bytes >= sizeof(rte_ipv6_fragment_ext) && is_atomic_fragment(packet.l4);
}

// RFC 4443 section 4.2. The request's buffer becomes the answer: identifier, sequence number and data are as
// they were. Extension headers are not given back.
Verdict answer_echo(Context& context, Packet& packet) {
  const IpAddress asker = IpAddress::v6(packet.ip6->src_addr);
  const IpAddress asked = IpAddress::v6(packet.ip6->dst_addr);
  if (!find_next_hop_6(context, asker, packet.in_port, packet)) return Verdict::drop(DropReason::no_route);
  const IpAddress source =
      asked.is_multicast() ? context.service.ports[packet.out_port].source_for(packet.next_hop) : asked;
  turn_into_echo_reply(packet.l4, asked, source);
  rte_ipv6_hdr& ip = *packet.ip6;
  const auto extensions =
      static_cast<std::uint16_t>(packet.l4 - reinterpret_cast<std::uint8_t*>(packet.ip6 + 1));
  if (extensions != 0) {
    std::uint8_t* frame = rte_pktmbuf_mtod(packet.mbuf, std::uint8_t*);
    std::memmove(frame + extensions, frame, sizeof(rte_ether_hdr) + sizeof(ip));
    rte_pktmbuf_adj(packet.mbuf, extensions);
    packet.ip6 = rte_pktmbuf_mtod_offset(packet.mbuf, rte_ipv6_hdr*, sizeof(rte_ether_hdr));
    packet.ip6->payload_len =
        rte_cpu_to_be_16(static_cast<std::uint16_t>(rte_be_to_cpu_16(packet.ip6->payload_len) - extensions));
    packet.ip6->proto = IPPROTO_ICMPV6;
  }
  std::memcpy(packet.ip6->src_addr, &source, sizeof(source));
  std::memcpy(packet.ip6->dst_addr, &asker, sizeof(asker));
  packet.ip6->hop_limits = kOwnHopLimit;
  const std::uint16_t mtu = context.service.ports[packet.out_port].mtu;
  const bool fits = rte_be_to_cpu_16(packet.ip6->payload_len) + sizeof(ip) <= mtu;
  return fits ? Verdict::output() : send_fragments(context, packet, mtu);
}

Verdict icmp6_local(Context& context, Packet& packet) {
  if (packet.l4_bytes < kIcmpBytes) return Verdict::drop(DropReason::truncated);
  if (packet.l4[0] == icmp6::kEchoRequest) return answer_echo(context, packet);
  const auto verdict = take_ping_answer(context, packet);
  return verdict ? *verdict : Verdict::drop(DropReason::not_served);
}

}  // namespace

Verdict ipv6_local(Context& context, Packet& packet) {
  if (const auto verdict = walk_extension_headers(packet)) return *verdict;
  if (is_discovery(packet)) return Verdict::next(Node::nd_input);
  const IpAddress source = IpAddress::v6(packet.ip6->src_addr);
  if (source.is_none() || context.service.own.contains6(source))
    return Verdict::drop(DropReason::martian_source);
  switch (packet.protocol) {
    case IPPROTO_ICMPV6:
      return icmp6_local(context, packet);
    case IPPROTO_FRAGMENT: {
      if (context.service.pipeline.has_sessions && !is_whole(packet))
        return Verdict::drop(DropReason::fragment);
      const auto verdict = reassemble(context, packet);
      return verdict ? *verdict : Verdict::next(Node::ipv6_local);
    }
    case IPPROTO_UDP:
      return Verdict::refuse(DropReason::not_served, icmp6::kPortUnreachable);
    case IPPROTO_TCP:
    case IPPROTO_NONE:
      return Verdict::drop(DropReason::not_served);
    default:
      return Verdict::refuse(DropReason::not_served, icmp6::unknown_next_header(packet.next_header_at));
  }
}

}  // namespace stillwater::dataplane
