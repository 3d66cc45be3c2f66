#include <netinet/in.h>

#include "dataplane/datapath/checksum.h"
#include "dataplane/datapath/nodes/nodes.h"

namespace stillwater::dataplane {
namespace {

constexpr std::uint8_t kOwnTtl = 64;

}  // namespace

Verdict local_input(Context& context, Packet& packet) {
  if (packet.key.protocol != IPPROTO_ICMP || packet.icmp_type != RTE_IP_ICMP_ECHO_REQUEST)
    return Verdict::drop(DropReason::not_served);
  rte_ipv4_hdr& ip = *packet.ip;
  const Adjacency& route = context.service.fib.lookup(ip.src_addr);
  if (route.kind == Adjacency::Kind::local) return Verdict::drop(DropReason::martian_source);
  if (!route.forwards()) return Verdict::drop(DropReason::no_route);

  auto& icmp = *packet.l4_as<rte_icmp_hdr>();
  ChecksumDelta delta;
  delta.replace16(icmp.icmp_type, RTE_IP_ICMP_ECHO_REPLY);  // the type is its word's low byte on a
  icmp.icmp_type = RTE_IP_ICMP_ECHO_REPLY;                  // little-endian host; the code stays
  icmp.icmp_cksum = delta.apply(icmp.icmp_cksum);

  const std::uint32_t asker_be = ip.src_addr;
  ip.src_addr = ip.dst_addr;
  ip.dst_addr = asker_be;
  ip.time_to_live = kOwnTtl;
  ip.hdr_checksum = 0;
  ip.hdr_checksum = checksum_of(&ip, (ip.version_ihl & 0xfu) * 4);
  packet.out_port = route.port;
  packet.next_hop_be = route.kind == Adjacency::Kind::via ? route.next_hop_be : ip.dst_addr;
  return Verdict::output();
}

}  // namespace stillwater::dataplane
