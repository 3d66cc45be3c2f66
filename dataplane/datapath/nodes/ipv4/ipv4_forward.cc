#include "dataplane/datapath/icmp/icmp_types.h"
#include "dataplane/datapath/nodes/ip/send_fragments.h"
#include "dataplane/datapath/nodes/ipv4/forward_ipv4.h"
#include "dataplane/datapath/nodes/nodes.h"

namespace stillwater::dataplane {

Verdict ipv4_forward(Context& context, Packet& packet) {
  rte_ipv4_hdr& ip = *packet.ip;
  if (ip.time_to_live <= 1) return Verdict::refuse(DropReason::ttl_expired, icmp4::kTimeExceeded);
  const std::uint16_t mtu = context.service.ports[packet.route->port].mtu;
  const bool fits = rte_be_to_cpu_16(ip.total_length) <= mtu;
  if (!fits && (ip.fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG)) != 0)
    return Verdict::refuse(DropReason::too_big, icmp4::fragmentation_needed(mtu));
  decrement_ttl(ip);
  set_next_hop(packet, *packet.route, IpAddress::v4(ip.dst_addr));
  return fits ? Verdict::output() : send_fragments(context, packet, mtu);
}

}  // namespace stillwater::dataplane
