#include <netinet/in.h>

#include "dataplane/datapath/icmp/icmp_types.h"
#include "dataplane/datapath/ip/ipv4_parse.h"
#include "dataplane/datapath/nodes/nodes.h"
#include "dataplane/datapath/tcp_window.h"

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

Verdict session_lookup(Context& context, Packet& packet) {
  if (is_fragment(*packet.ip)) return Verdict::drop(DropReason::fragment);
  if (packet.route->kind == Adjacency::Kind::broadcast) return Verdict::drop(DropReason::martian_destination);
  const bool local = packet.route->kind == Adjacency::Kind::local;
  if (const auto why = parse_flow(packet))
    return Verdict::drop(local && *why == DropReason::unknown_protocol ? DropReason::not_served : *why);
  if (packet.key.protocol == IPPROTO_TCP && context.service.tcp_checks != TcpChecks::off &&
      !are_valid_flags(packet.tcp_flags))
    return Verdict::drop(DropReason::tcp_flags);
  if (is_icmp_error(packet)) return Verdict::next(Node::session_error);
  packet.session = context.state.sessions.find(packet.key, packet.expected);
  if (packet.session && travels_as(packet, packet.session.direction))
    return Verdict::next(Node::session_forward);
  // At an address of NAT it may be for a host inside.
  const bool ours = local && !context.service.nat.is_outside_address(packet.ip->dst_addr);
  return Verdict::next(ours ? Node::ipv4_local : Node::session_open);
}

}  // namespace stillwater::dataplane
