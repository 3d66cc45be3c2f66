#include "dataplane/datapath/icmp/icmp_types.h"
#include "dataplane/datapath/nodes/nodes.h"

namespace stillwater::dataplane {

// What is for us is: a neighbour may ask by its link-local address. Nothing else with such a source, or
// without one, leaves its link (RFC 4291 sections 2.5.2 and 2.5.6).
Verdict ipv6_route(Context& context, Packet& packet) {
  const IpAddress source = IpAddress::v6(packet.ip6->src_addr);
  if (packet.route->kind == Adjacency::Kind::local) return Verdict::next(Node::ipv6_local);
  if (source.is_none() || context.service.own.contains6(source))
    return Verdict::drop(DropReason::martian_source);
  if (source.is_link_local()) return Verdict::refuse(DropReason::beyond_scope, icmp6::kBeyondScope);
  switch (packet.route->kind) {
    case Adjacency::Kind::connected:
    case Adjacency::Kind::via:
      return Verdict::next(Node::ipv6_forward);
    case Adjacency::Kind::blackhole:
      return Verdict::drop(DropReason::blackhole);
    case Adjacency::Kind::reject:
      return Verdict::refuse(DropReason::rejected, icmp6::kRejectRoute);
    default:
      return Verdict::refuse(DropReason::no_route, icmp6::kNoRoute);
  }
}

}  // namespace stillwater::dataplane
