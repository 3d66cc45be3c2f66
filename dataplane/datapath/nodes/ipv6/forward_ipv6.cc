#include "dataplane/datapath/nodes/ipv6/forward_ipv6.h"

#include "dataplane/datapath/icmp/icmp_types.h"
#include "dataplane/datapath/nodes/ipv4/forward_ipv4.h"

namespace stillwater::dataplane {

bool find_next_hop_6(const Context& context, const IpAddress& destination, PortIndex link_port,
                     Packet& packet) {
  if (destination.is_link_local()) {
    packet.out_port = link_port;
    packet.next_hop = destination;
    return true;
  }
  const Adjacency& route = context.fib().lookup(destination);
  if (!route.forwards()) return false;
  packet.out_port = route.port;
  packet.next_hop = route.kind == Adjacency::Kind::via ? route.next_hop : destination;
  return true;
}

Verdict forward_ipv6(const Context& context, Packet& packet, const Adjacency& route) {
  rte_ipv6_hdr& ip = *packet.ip6;
  if (!route.forwards()) return Verdict::drop(DropReason::no_route);
  if (ip.hop_limits <= 1) return Verdict::refuse(DropReason::ttl_expired, icmp6::kHopLimitExceeded);
  const std::uint16_t mtu = context.service.ports[route.port].mtu;
  if (rte_be_to_cpu_16(ip.payload_len) + sizeof(ip) > mtu)
    return Verdict::refuse(DropReason::too_big, icmp6::packet_too_big(mtu));
  --ip.hop_limits;
  set_next_hop(packet, route, IpAddress::v6(ip.dst_addr));
  return Verdict::output();
}

}  // namespace stillwater::dataplane
