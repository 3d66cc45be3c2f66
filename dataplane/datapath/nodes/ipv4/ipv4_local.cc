#include <cstring>

#include <netinet/in.h>

#include "dataplane/datapath/checksum.h"
#include "dataplane/datapath/icmp/icmp_types.h"
#include "dataplane/datapath/ip/ipv4_parse.h"
#include "dataplane/datapath/nodes/ip/reassemble.h"
#include "dataplane/datapath/nodes/ip/send_fragments.h"
#include "dataplane/datapath/nodes/ipv4/forward_ipv4.h"
#include "dataplane/datapath/nodes/nodes.h"
#include "dataplane/datapath/ping/ping_answer.h"

namespace stillwater::dataplane {
namespace {

constexpr std::uint8_t kOwnTtl = 64;

// Takes the options out of the header, which moves towards what follows it.
void drop_options(Packet& packet) {
  const unsigned options = (packet.ip->version_ihl & 0xfu) * 4 - unsigned{sizeof(rte_ipv4_hdr)};
  if (options == 0) return;
  std::uint8_t* frame = rte_pktmbuf_mtod(packet.mbuf, std::uint8_t*);
  std::memmove(frame + options, frame, sizeof(rte_ether_hdr) + sizeof(rte_ipv4_hdr));
  rte_pktmbuf_adj(packet.mbuf, static_cast<std::uint16_t>(options));
  packet.ip = rte_pktmbuf_mtod_offset(packet.mbuf, rte_ipv4_hdr*, sizeof(rte_ether_hdr));
  packet.ip->version_ihl = RTE_IPV4_VHL_DEF;
  packet.ip->total_length =
      rte_cpu_to_be_16(static_cast<std::uint16_t>(rte_be_to_cpu_16(packet.ip->total_length) - options));
}

// The request's buffer becomes the answer: identifier, sequence number and data are as they were (RFC 1122
// section 3.2.2.6). A wrong checksum stays as wrong as it was.
void turn_into_reply(Packet& packet) {
  auto& icmp = *packet.l4_as<rte_icmp_hdr>();
  ChecksumDelta delta;
  delta.replace16(icmp.icmp_type, RTE_IP_ICMP_ECHO_REPLY);  // the type is its word's low byte on a
  icmp.icmp_type = RTE_IP_ICMP_ECHO_REPLY;                  // little-endian host; the code stays
  icmp.icmp_cksum = delta.apply(icmp.icmp_cksum);
  // The update cannot tell 0 from -0, which are the same sum but of nothing but zeroes (RFC 1624 section 3).
  if (icmp.icmp_cksum == 0 && sum_words(&icmp, packet.l4_bytes) == 0) icmp.icmp_cksum = 0xffff;
  drop_options(packet);
  rte_ipv4_hdr& ip = *packet.ip;
  const std::uint32_t asker_be = ip.src_addr;
  ip.src_addr = ip.dst_addr;
  ip.dst_addr = asker_be;
  ip.time_to_live = kOwnTtl;
  ip.hdr_checksum = 0;
  ip.hdr_checksum = checksum_of(&ip, sizeof(ip));
}

Verdict answer_echo(Context& context, Packet& packet) {
  const std::uint32_t asker_be = packet.ip->src_addr;
  const Adjacency& route = context.fib().lookup(asker_be);
  if (route.kind == Adjacency::Kind::local) return Verdict::drop(DropReason::martian_source);
  if (!route.forwards()) return Verdict::drop(DropReason::no_route);
  turn_into_reply(packet);
  set_next_hop(packet, route, IpAddress::v4(asker_be));
  const std::uint16_t mtu = context.service.ports[route.port].mtu;
  return rte_be_to_cpu_16(packet.ip->total_length) <= mtu ? Verdict::output()
                                                          : send_fragments(context, packet, mtu);
}

Verdict icmp4_local(Context& context, Packet& packet) {
  if (packet.l4[0] == icmp4::kEchoRequest) return answer_echo(context, packet);
  const auto verdict = take_ping_answer(context, packet);
  return verdict ? *verdict : Verdict::drop(DropReason::not_served);
}

}  // namespace

Verdict ipv4_local(Context& context, Packet& packet) {
  if (is_fragment(*packet.ip))
    if (const auto verdict = reassemble(context, packet)) return *verdict;
  switch (packet.protocol) {
    case IPPROTO_ICMP:
      if (packet.l4_bytes < sizeof(rte_icmp_hdr)) return Verdict::drop(DropReason::truncated);
      return icmp4_local(context, packet);
    case IPPROTO_UDP:
      return Verdict::refuse(DropReason::not_served, icmp4::kPortUnreachable);
    case IPPROTO_TCP:
      return Verdict::drop(DropReason::not_served);
    default:
      return Verdict::refuse(DropReason::not_served, icmp4::kProtocolUnreachable);
  }
}

}  // namespace stillwater::dataplane
