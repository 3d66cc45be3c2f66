#include "dataplane/datapath/nodes/ipv4/forward_ipv4.h"

#include "dataplane/datapath/checksum.h"

namespace stillwater::dataplane {

void decrement_ttl(rte_ipv4_hdr& ip) {
  ChecksumDelta delta;
  const std::uint16_t before = static_cast<std::uint16_t>(ip.time_to_live | ip.next_proto_id << 8);
  --ip.time_to_live;
  delta.replace16(before, static_cast<std::uint16_t>(ip.time_to_live | ip.next_proto_id << 8));
  ip.hdr_checksum = delta.apply(ip.hdr_checksum);
}

Verdict forward_ipv4(const Context& context, Packet& packet, const Adjacency& route,
                     std::uint32_t destination_be) {
  if (!route.forwards()) return Verdict::drop(DropReason::no_route);
  if (packet.ip->time_to_live <= 1) return Verdict::drop(DropReason::ttl_expired);
  if (rte_be_to_cpu_16(packet.ip->total_length) > context.service.ports[route.port].mtu)
    return Verdict::drop(DropReason::too_big);
  decrement_ttl(*packet.ip);
  set_next_hop(packet, route, IpAddress::v4(destination_be));
  return Verdict::output();
}

}  // namespace stillwater::dataplane
