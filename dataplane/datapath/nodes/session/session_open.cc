#include <optional>

#include <netinet/in.h>

#include "dataplane/datapath/ageing.h"
#include "dataplane/datapath/events/event_log.h"
#include "dataplane/datapath/family.h"
#include "dataplane/datapath/nat/session_way.h"
#include "dataplane/datapath/nat/source_translation.h"
#include "dataplane/datapath/nodes/ipv4/forward_ipv4.h"
#include "dataplane/datapath/nodes/ipv6/forward_ipv6.h"
#include "dataplane/datapath/nodes/nodes.h"
#include "dataplane/datapath/nodes/session/ask_policy.h"
#include "dataplane/datapath/rehearsal/rehearsal.h"
#include "dataplane/datapath/session_state.h"
#include "dataplane/datapath/translate.h"

namespace stillwater::dataplane {
namespace {

using region::FlowKey;
using region::FlowKey6;

template <class Family>
using WayOf = BasicSessionWay<typename Family::Key>;

template <class Family>
bool may_open(const Packet& packet) {
  switch (Family::key(packet).protocol) {
    case IPPROTO_TCP:
      return opens_session(packet.tcp_flags);
    case Family::kIcmp:
      return packet.icmp_type == Family::kEchoRequest;
    default:
      return true;
  }
}

template <class Family>
DropReason why_not_opened(const Packet& packet) {
  const bool other_icmp =
      Family::key(packet).protocol == Family::kIcmp && packet.icmp_type != Family::kEchoReply;
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

template <class Family>
bool is_taken(const Context& context, const typename Family::Key& reply) {
  const region::SessionMatch match = Family::sessions(context.state).find(reply);
  const bool ended = has_ended_one(context) && *context.rehearsal->ended() == match.slot;
  return match && !ended;
}

// A host by its own endpoint, of NAT perhaps: both halves of the way would be one session.
template <class Key>
bool speaks_to_itself(const Key& reply) {
  return source_of(reply) == destination_of(reply) && reply.source_port_be == reply.destination_port_be;
}

// Fills what the table does not know of. The same line as the insertion wrote.
template <class Family>
void describe(Context& context, const Packet& packet, PortIndex out, std::uint32_t slot, const Rule& rule) {
  auto& sessions = Family::sessions(context.state);
  auto session = sessions.edit(context.turn, slot);
  session->rule_id = rule.id;
  session->config_generation = context.policy().generation();
  session->initiator_port = static_cast<std::uint8_t>(packet.in_port);
  session->responder_port = static_cast<std::uint8_t>(out);
  sessions.responder_answered[slot] = false;
  sessions.admission.opened(slot, sessions.at(slot), context.turn.now_s());
  TcpWindow& window = sessions.tcp_windows[slot] = {};
  if (Family::key(packet).protocol != IPPROTO_TCP) return;
  begin(window, Family::segment(packet));
  session->tcp_scales = scales_of(window);
}

// In a full table the session that has been opening for the longest gives way; not to a host that has all the
// ports that it may. Else why none does: none is opening, or the packet needs that one, since it keeps the
// binding that it came in by; or it is of two sessions, of which the second might have to take the room of
// the first.
template <class Family>
std::optional<DropReason> make_room(Context& context, const Packet& packet, const WayOf<Family>& way) {
  auto& sessions = Family::sessions(context.state);
  if (has_ended_one(context) || sessions.in_use() < sessions.capacity()) return std::nullopt;
  if constexpr (Family::kHasNat)
    if (!way.translates_destination(packet.key))
      if (const auto why = refuses_host(context, way.key, packet.in_port, way.out)) return why;
  const auto oldest = sessions.admission.gives_way();
  if (!oldest || packet.turned_back || way.turns_back) return DropReason::sessions_full;
  if constexpr (Family::kHasNat)
    if (way.binding != NatState::kNone && context.state.nat.is_last_of(sessions.at(*oldest), way.binding))
      return DropReason::sessions_full;
  if (context.rehearsal != nullptr)
    context.rehearsal->gives_way(sessions.at(*oldest), *oldest);
  else
    end_session<Family>(context, *oldest, CloseReason::evicted);
  return std::nullopt;
}

// False: the table is full. A rehearsal that opens a second session on the way back has not opened the first.
template <class Family>
bool open(Context& context, const Packet& packet, PortIndex out, const SourceTranslation& source,
          const typename Family::Key& reply, const Rule& rule) {
  auto& sessions = Family::sessions(context.state);
  const typename Family::Key& key = Family::key(packet);
  if (context.rehearsal != nullptr) {
    if (packet.turned_back && sessions.in_use() + 1 >= sessions.capacity()) return false;
    const std::uint32_t gone = context.rehearsal->giving_way() ? 1 : 0;
    if (!has_ended_one(context) && !sessions.has_room_for(key, reply, gone)) return false;
    context.turn.depend_on(context.turn.epoch());
    context.rehearsal->opens(key, reply);
    return true;
  }
  const std::uint32_t slot = sessions.insert(context.turn, key, reply);
  if (slot == region::SessionMatch::kNone) return false;
  describe<Family>(context, packet, out, slot, rule);
  if constexpr (Family::kHasNat) context.state.nat.joined(context.turn, sessions.at(slot));
  log_rule_matched<Family>(context, packet, out, rule);
  if constexpr (Family::kHasNat) log_given(context, sessions.at(slot), source.gave_ports);
  log_session_opened<Family>(context, slot);
  return true;
}

// A session whose destination was translated keeps its source: of hosts inside that was translated before.
tl::expected<SourceTranslation, DropReason> translated_source(Context& context, const Packet& packet,
                                                              const SessionWay& way) {
  if (way.translates_destination(packet.key))
    return SourceTranslation{.outside = {way.key.source_be, way.key.source_port_be}};
  return translate_source(context, way.key, packet.in_port, way.out);
}

// The packet may open the session: translates its source, and adds it to the table. Room is made first, since
// whoever gives way may be the last session of the very binding that this one would share.
template <class Family>
std::optional<DropReason> establish(Context& context, Packet& packet, const WayOf<Family>& way,
                                    const Rule& rule) {
  if (const auto why = make_room<Family>(context, packet, way)) return why;
  SourceTranslation source;
  typename Family::Key reply = reversed(way.key);
  if constexpr (Family::kHasNat) {
    const auto translated = translated_source(context, packet, way);
    if (!translated) return translated.error();
    source = *translated;
    reply = reply_tuple(way.key, source.outside);
  }
  DropReason why = DropReason::session_conflict;
  if (!is_taken<Family>(context, reply) && !speaks_to_itself(reply)) {
    if (open<Family>(context, packet, way.out, source, reply, rule)) {
      packet.new_session = true;
      if constexpr (Family::kHasNat) translate(packet, reversed(reply));
      return std::nullopt;
    }
    why = DropReason::sessions_full;
  }
  if constexpr (Family::kHasNat) undo(context, source, packet.key.protocol);
  return why;
}

// A rule admits the session, or says what becomes of the packet; then there is room for it, as far as a look
// beforehand can tell.
template <class Family>
PolicyAnswer admit_new(Context& context, const Packet& packet, const WayOf<Family>& way) {
  const PolicyAnswer answer = admit<Family>(context, packet, way.key, way.out, way.binding);
  if (answer.rule == nullptr) return answer;
  if (!context.output.has_room_for_new_session())
    return {nullptr, Verdict::drop(DropReason::hold_buffer_full_new)};
  const typename Family::Key& key = Family::key(packet);
  if (!packet.turned_back &&
      !Family::sessions(context.state)
           .admission.admits(source_id(key), key.protocol, context.turn.now_s(), has_ended_one(context)))
    return {nullptr, Verdict::drop(DropReason::source_limit)};
  return answer;
}

// Nothing without a source of its own, nor with one of ours, begins anything; and nothing with one that is
// good for its link alone leaves that (RFC 4291 sections 2.5.2 and 2.5.6).
std::optional<DropReason> check_source(const Context& context, const FlowKey6& key) {
  const IpAddress source = address_of(key.source);
  if (source.is_none() || context.service.own.contains6(source)) return DropReason::martian_source;
  if (source.is_link_local()) return DropReason::beyond_scope;
  return std::nullopt;
}

}  // namespace

// Destination, route, rule, source, and the session is there.
Verdict session_open(Context& context, Packet& packet) {
  const auto way = find_way(context, packet);
  if (!way) return Verdict::next(Node::ipv4_local);
  if (!may_open<Ipv4>(packet)) return Verdict::drop(why_not_opened<Ipv4>(packet));
  if (!packet.turned_back && context.fib().lookup(packet.key.source_be).kind == Adjacency::Kind::local)
    return Verdict::drop(DropReason::martian_source);
  if (way->filtered) return Verdict::drop(DropReason::nat_filtered);
  if (!way->turns_back && !way->route->forwards()) return Verdict::drop(DropReason::no_route);
  if (context.rehearsal != nullptr && way->translates_destination(packet.key))
    context.rehearsal->looked_up(IpAddress::v4(way->key.destination_be), *way->route);
  const auto [rule, refused] = admit_new<Ipv4>(context, packet, *way);
  if (rule == nullptr) return refused;
  const Verdict verdict = way->turns_back
                              ? Verdict::output()
                              : forward_ipv4(context, packet, *way->route, way->key.destination_be);
  if (verdict.kind != Verdict::Kind::output) return verdict;
  if (const auto why = establish<Ipv4>(context, packet, *way, *rule)) return Verdict::drop(*why);
  return way->turns_back ? turn_back(context, packet, *way->route) : verdict;
}

// The same without NAT.
Verdict session6_open(Context& context, Packet& packet) {
  if (!may_open<Ipv6>(packet)) return Verdict::drop(why_not_opened<Ipv6>(packet));
  if (const auto why = check_source(context, packet.key6)) return Verdict::drop(*why);
  if (!packet.route->forwards()) return Verdict::drop(DropReason::no_route);
  const WayOf<Ipv6> way{.key = packet.key6, .route = packet.route, .out = packet.route->port};
  const auto [rule, refused] = admit_new<Ipv6>(context, packet, way);
  if (rule == nullptr) return refused;
  const Verdict verdict = forward_ipv6(context, packet, *packet.route);
  if (verdict.kind != Verdict::Kind::output) return verdict;
  if (const auto why = establish<Ipv6>(context, packet, way, *rule)) return Verdict::drop(*why);
  return verdict;
}

}  // namespace stillwater::dataplane
