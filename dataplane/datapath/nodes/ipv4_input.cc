#include <netinet/in.h>

#include "dataplane/datapath/icmp_types.h"
#include "dataplane/datapath/ipv4_parse.h"
#include "dataplane/datapath/nodes/nodes.h"

namespace stillwater::dataplane {
namespace {

bool is_icmp_error(const Packet& packet) {
  return packet.key.protocol == IPPROTO_ICMP && quotes_a_packet(packet.icmp_type);
}

// A session carries requests forward and replies back, so an echo the other way round is not of it.
bool travels_as(const Packet& packet, region::Direction direction) {
  if (packet.key.protocol != IPPROTO_ICMP) return true;
  const bool is_request = packet.icmp_type == RTE_IP_ICMP_ECHO_REQUEST;
  return is_request == (direction == region::Direction::forward);
}

}  // namespace

Verdict ipv4_input(Context& context, Packet& packet) {
  if (const auto why = parse_ipv4(packet)) return Verdict::drop(*why);
  const Adjacency& route = context.service.fib.lookup(packet.ip->dst_addr);
  if (route.kind == Adjacency::Kind::broadcast) return Verdict::drop(DropReason::martian_destination);
  const bool local = route.kind == Adjacency::Kind::local;
  if (const auto why = parse_flow(packet))
    return Verdict::drop(local && *why == DropReason::unknown_protocol ? DropReason::not_served : *why);
  context.turn.begin_packet();
  if (is_icmp_error(packet)) return icmp_error(context, packet);
  const auto match = context.state.sessions.find(packet.key, packet.expected);
  if (match && travels_as(packet, match.direction)) return session_forward(context, packet, match);
  if (local) return local_input(context, packet);
  return session_open(context, packet, route);
}

}  // namespace stillwater::dataplane
