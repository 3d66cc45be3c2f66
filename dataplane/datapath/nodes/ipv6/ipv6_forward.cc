#include "dataplane/datapath/icmp/icmp_types.h"
#include "dataplane/datapath/nodes/ipv4/forward_ipv4.h"
#include "dataplane/datapath/nodes/nodes.h"

namespace stillwater::dataplane {

Verdict ipv6_forward(Context& context, Packet& packet) {
  rte_ipv6_hdr& ip = *packet.ip6;
  if (ip.hop_limits <= 1) return Verdict::refuse(DropReason::ttl_expired, icmp6::kHopLimitExceeded);
  const std::uint16_t mtu = context.service.ports[packet.route->port].mtu;
  if (rte_be_to_cpu_16(ip.payload_len) + sizeof(ip) > mtu)
    return Verdict::refuse(DropReason::too_big, icmp6::packet_too_big(mtu));
  --ip.hop_limits;
  set_next_hop(packet, *packet.route, IpAddress::v6(ip.dst_addr));
  return Verdict::output();
}

}  // namespace stillwater::dataplane
