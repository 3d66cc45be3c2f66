#include <netinet/in.h>

#include "dataplane/datapath/family.h"
#include "dataplane/datapath/ip/ipv4_parse.h"
#include "dataplane/datapath/ip/ipv6_headers.h"
#include "dataplane/datapath/ip/ipv6_parse.h"
#include "dataplane/datapath/nodes/nodes.h"
#include "dataplane/datapath/tcp_window.h"

namespace stillwater::dataplane {
namespace {

// A session of echoes carries requests forward and replies back, and nothing else.
template <class Family>
bool travels_as(const Packet& packet, region::Direction direction) {
  if (Family::key(packet).protocol != Family::kIcmp) return true;
  const bool is_forward = direction == region::Direction::forward;
  return packet.icmp_type == (is_forward ? Family::kEchoRequest : Family::kEchoReply);
}

// Of a packet whose flow was parsed. `otherwise`: the node for one that belongs to no session.
template <class Family, class Otherwise>
Verdict by_session(Context& context, Packet& packet, Otherwise otherwise) {
  const std::uint8_t protocol = Family::key(packet).protocol;
  if (protocol == IPPROTO_TCP && context.service.tcp_checks != TcpChecks::off &&
      !are_valid_flags(packet.tcp_flags))
    return Verdict::drop(DropReason::tcp_flags);
  if (protocol == Family::kIcmp && Family::is_error(packet.icmp_type)) return Verdict::next(Family::kError);
  packet.session = Family::sessions(context.state).find(Family::key(packet), packet.expected);
  if (packet.session && travels_as<Family>(packet, packet.session.direction))
    return Verdict::next(Family::kForward);
  return Verdict::next(otherwise());
}

}  // namespace

Verdict session_lookup(Context& context, Packet& packet) {
  if (is_fragment(*packet.ip)) return Verdict::drop(DropReason::fragment);
  if (packet.route->kind == Adjacency::Kind::broadcast) return Verdict::drop(DropReason::martian_destination);
  const bool local = packet.route->kind == Adjacency::Kind::local;
  if (const auto why = parse_flow(packet))
    return Verdict::drop(local && *why == DropReason::unknown_protocol ? DropReason::not_served : *why);
  return by_session<Ipv4>(context, packet, [&] {
    // At an address of NAT it may be for a host inside.
    const bool ours = local && !context.service.nat.is_outside_address(packet.ip->dst_addr);
    return ours ? Node::ipv4_local : Node::session_open;
  });
}

Verdict session6_lookup(Context& context, Packet& packet) {
  if (packet.route->kind == Adjacency::Kind::local) return Verdict::next(Node::ipv6_local);
  if (const auto why = find_transport(packet)) return Verdict::drop(*why);
  if (const auto why = parse_flow6(packet)) return Verdict::drop(*why);
  return by_session<Ipv6>(context, packet, [] { return Node::session6_open; });
}

}  // namespace stillwater::dataplane
