#include "dataplane/datapath/icmp/icmp_types.h"
#include "dataplane/datapath/ip/ipv4_options.h"
#include "dataplane/datapath/nodes/nodes.h"

namespace stillwater::dataplane {

Verdict ipv4_route(Context& context, Packet& packet) {
  if (context.service.own.contains4(packet.ip->src_addr)) return Verdict::drop(DropReason::martian_source);
  if (const auto verdict = check_options(*packet.ip)) return *verdict;
  switch (packet.route->kind) {
    case Adjacency::Kind::none:
      return Verdict::refuse(DropReason::no_route, icmp4::kNetUnreachable);
    case Adjacency::Kind::local:
      return Verdict::next(Node::ipv4_local);
    case Adjacency::Kind::broadcast:
      return Verdict::drop(DropReason::martian_destination);
    case Adjacency::Kind::connected:
    case Adjacency::Kind::via:
      return Verdict::next(Node::ipv4_forward);
    case Adjacency::Kind::blackhole:
      return Verdict::drop(DropReason::blackhole);
    case Adjacency::Kind::reject:
      return Verdict::refuse(DropReason::rejected, icmp4::kProhibited);
  }
  return Verdict::drop(DropReason::no_route);
}

}  // namespace stillwater::dataplane
