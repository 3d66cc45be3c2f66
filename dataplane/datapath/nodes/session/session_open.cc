#include <optional>

#include <netinet/in.h>

#include "dataplane/datapath/ageing.h"
#include "dataplane/datapath/events/event_log.h"
#include "dataplane/datapath/nat/session_way.h"
#include "dataplane/datapath/nat/source_translation.h"
#include "dataplane/datapath/nodes/ipv4/forward_ipv4.h"
#include "dataplane/datapath/nodes/nodes.h"
#include "dataplane/datapath/nodes/session/ask_policy.h"
#include "dataplane/datapath/rehearsal/rehearsal.h"
#include "dataplane/datapath/session_state.h"
#include "dataplane/datapath/translate.h"

namespace stillwater::dataplane {
namespace {

using region::FlowKey;
using region::SessionTable;

bool may_open(const Packet& packet) {
  switch (packet.key.protocol) {
    case IPPROTO_TCP:
      return opens_session(packet.tcp_flags);
    case IPPROTO_ICMP:
      return packet.icmp_type == RTE_IP_ICMP_ECHO_REQUEST;
    default:
      return true;
  }
}

DropReason why_not_opened(const Packet& packet) {
  const bool other_icmp = packet.key.protocol == IPPROTO_ICMP && packet.icmp_type != RTE_IP_ICMP_ECHO_REPLY;
  return other_icmp ? DropReason::icmp_type : DropReason::no_session;
}

// The tuple of the answers. For ICMP both ports are the identifier, which is the same outside.
FlowKey reply_tuple(const FlowKey& inside, const NatEndpoint& outside) {
  FlowKey reply = reversed(inside);
  reply.destination_be = outside.address_be;
  reply.destination_port_be = outside.port_be;
  if (inside.protocol == IPPROTO_ICMP) reply.source_port_be = outside.port_be;
  return reply;
}

// In a rehearsal, whose table has it still: the packet has ended a session on its way here.
bool has_ended_one(const Context& context) {
  return context.rehearsal != nullptr && context.rehearsal->ended();
}

bool is_taken(const Context& context, const FlowKey& reply) {
  const SessionTable::Match match = context.state.sessions.find(reply);
  const bool ended = has_ended_one(context) && context.rehearsal->ended()->slot == match.slot;
  return match && !ended;
}

// A host by its own endpoint outside: both halves of the way would be one session.
bool speaks_to_itself(const FlowKey& reply) {
  return reply.source_be == reply.destination_be && reply.source_port_be == reply.destination_port_be;
}

// Fills what the table does not know of. The same line as the insertion wrote.
void describe(Context& context, const Packet& packet, PortIndex out, std::uint32_t slot, const Rule& rule) {
  auto session = context.state.sessions.edit(context.turn, slot);
  session->rule_id = rule.id;
  session->config_generation = context.policy().generation();
  session->initiator_port = static_cast<std::uint8_t>(packet.in_port);
  session->responder_port = static_cast<std::uint8_t>(out);
  context.state.responder_answered[slot] = false;
  context.state.admission.opened(slot, context.state.sessions.at(slot), context.turn.now_s());
  TcpWindow& window = context.state.tcp_windows[slot] = {};
  if (packet.key.protocol != IPPROTO_TCP) return;
  begin(window, segment_of(packet));
  session->tcp_scales = scales_of(window);
}

// In a full table the session that has been opening for the longest gives way; not to a host that has all the
// ports that it may. Else why none does: none is opening, or the packet needs that one, since it keeps the
// binding that it came in by; or it is of two sessions, of which the second might have to take the room of
// the first.
std::optional<DropReason> make_room(Context& context, const Packet& packet, const SessionWay& way) {
  const region::SessionTable& sessions = context.state.sessions;
  if (has_ended_one(context) || sessions.in_use() < sessions.capacity()) return std::nullopt;
  if (!way.translates_destination(packet.key))
    if (const auto why = refuses_host(context, way.key, packet.in_port, way.out)) return why;
  const auto oldest = context.state.admission.gives_way();
  if (!oldest || packet.turned_back || way.turns_back) return DropReason::sessions_full;
  if (way.binding != NatState::kNone && context.state.nat.is_last_of(sessions.at(*oldest), way.binding))
    return DropReason::sessions_full;
  if (context.rehearsal != nullptr)
    context.rehearsal->gives_way(sessions.at(*oldest));
  else
    end_session(context, *oldest, CloseReason::evicted);
  return std::nullopt;
}

// False: the table is full. A rehearsal that opens a second session on the way back has not opened the first.
bool open(Context& context, const Packet& packet, PortIndex out, const SourceTranslation& source,
          const FlowKey& reply, const Rule& rule) {
  region::SessionTable& sessions = context.state.sessions;
  if (context.rehearsal != nullptr) {
    if (packet.turned_back && sessions.in_use() + 1 >= sessions.capacity()) return false;
    const std::uint32_t gone = context.rehearsal->giving_way() != nullptr ? 1 : 0;
    if (!has_ended_one(context) && !sessions.has_room_for(packet.key, reply, gone)) return false;
    context.turn.depend_on(context.turn.epoch());
    context.rehearsal->opens(packet.key, reply);
    return true;
  }
  const std::uint32_t slot = sessions.insert(context.turn, packet.key, reply);
  if (slot == SessionTable::kNone) return false;
  describe(context, packet, out, slot, rule);
  context.state.nat.joined(context.turn, sessions.at(slot));
  log_rule_matched(context, packet, out, rule);
  log_given(context, sessions.at(slot), source.gave_ports);
  log_session_opened(context, slot);
  return true;
}

// A session whose destination was translated keeps its source: of hosts inside that was translated before.
tl::expected<SourceTranslation, DropReason> source_of(Context& context, const Packet& packet,
                                                      const SessionWay& way) {
  if (way.translates_destination(packet.key))
    return SourceTranslation{.outside = {way.key.source_be, way.key.source_port_be}};
  return translate_source(context, way.key, packet.in_port, way.out);
}

// The packet may open the session: translates its source, and adds it to the table. Room is made first, since
// whoever gives way may be the last session of the very binding that this one would share.
std::optional<DropReason> establish(Context& context, Packet& packet, const SessionWay& way,
                                    const Rule& rule) {
  if (const auto why = make_room(context, packet, way)) return why;
  const auto source = source_of(context, packet, way);
  if (!source) return source.error();
  const FlowKey reply = reply_tuple(way.key, source->outside);
  DropReason why = DropReason::session_conflict;
  if (!is_taken(context, reply) && !speaks_to_itself(reply)) {
    if (open(context, packet, way.out, *source, reply, rule)) {
      packet.new_session = true;
      translate(packet, reversed(reply));
      return std::nullopt;
    }
    why = DropReason::sessions_full;
  }
  undo(context, *source, packet.key.protocol);
  return why;
}

}  // namespace

// Destination, route, rule, source, and the session is there.
Verdict session_open(Context& context, Packet& packet) {
  const auto way = find_way(context, packet);
  if (!way) return Verdict::next(Node::ipv4_local);
  if (!may_open(packet)) return Verdict::drop(why_not_opened(packet));
  if (!packet.turned_back && context.fib().lookup(packet.key.source_be).kind == Adjacency::Kind::local)
    return Verdict::drop(DropReason::martian_source);
  if (way->filtered) return Verdict::drop(DropReason::nat_filtered);
  if (!way->turns_back && !way->route->forwards()) return Verdict::drop(DropReason::no_route);
  if (context.rehearsal != nullptr && way->translates_destination(packet.key))
    context.rehearsal->looked_up(IpAddress::v4(way->key.destination_be), *way->route);
  const auto [rule, refused] = admit(context, packet, way->key, way->out, way->binding);
  if (rule == nullptr) return refused;
  if (!context.output.has_room_for_new_session()) return Verdict::drop(DropReason::hold_buffer_full_new);
  if (!packet.turned_back && !context.state.admission.admits(packet.key.source_be, packet.key.protocol,
                                                             context.turn.now_s(), has_ended_one(context)))
    return Verdict::drop(DropReason::source_limit);
  const Verdict verdict = way->turns_back
                              ? Verdict::output()
                              : forward_ipv4(context, packet, *way->route, way->key.destination_be);
  if (verdict.kind != Verdict::Kind::output) return verdict;
  if (const auto why = establish(context, packet, *way, *rule)) return Verdict::drop(*why);
  return way->turns_back ? turn_back(context, packet, *way->route) : verdict;
}

}  // namespace stillwater::dataplane
