#include "dataplane/datapath/icmp/icmp_types.h"
#include "dataplane/datapath/ip/ipv6_parse.h"
#include "dataplane/datapath/nodes/ip/flow_choice.h"
#include "dataplane/datapath/nodes/nodes.h"
#include "dataplane/datapath/output/nd_frames.h"

namespace stillwater::dataplane {
namespace {

// All nodes and all routers of the link (RFC 4291 section 2.7.1), and what questions about our addresses go
// to.
bool is_joined(const ServicePort& port, const IpAddress& group) {
  constexpr IpAddress kAllRouters{{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}};
  return group == kAllNodes || group == kAllRouters || port.is_solicited_node(group);
}

}  // namespace

Verdict ipv6_input(Context& context, Packet& packet) {
  if (const auto why = parse_ipv6(packet)) return Verdict::drop(*why);
  const ServicePort& port = context.service.ports[packet.in_port];
  const IpAddress destination = IpAddress::v6(packet.ip6->dst_addr);
  if (destination.is_multicast())
    return is_joined(port, destination) ? Verdict::next(Node::ipv6_local)
                                        : Verdict::drop(DropReason::not_joined);
  if (!packet.to_us) return Verdict::drop(DropReason::not_unicast);
  if (destination == port.link_local) return Verdict::next(Node::ipv6_local);
  if (destination.is_link_local()) return Verdict::drop(DropReason::beyond_scope);
  packet.route = &choose(context.fib().find(destination), *packet.mbuf);
  return Verdict::next(context.service.pipeline.ipv6);
}

}  // namespace stillwater::dataplane
