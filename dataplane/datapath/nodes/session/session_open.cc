#include <optional>
#include <utility>

#include <netinet/in.h>

#include "dataplane/datapath/ageing.h"
#include "dataplane/datapath/nodes/ipv4/forward_ipv4.h"
#include "dataplane/datapath/nodes/nodes.h"
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

// That a session ended on the way would have given back: it may be taken anew where nobody's commit is
// awaited.
std::optional<std::uint16_t> freed_port(const Context& context, const SourceNat::Entry& nat) {
  const auto& ended = context.rehearsal->ended();
  const bool is_free = ended && ended->reply.destination_be == nat.address_be &&
                       context.turn.epoch() <= context.turn.committed();
  return is_free ? std::optional(ended->reply.destination_port_be) : std::nullopt;
}

// The tuple of the answers. With source NAT it takes a port; none if all are taken.
std::optional<FlowKey> reply_tuple(Context& context, const FlowKey& forward_key,
                                   const SourceNat::Entry* nat) {
  FlowKey reply = reversed(forward_key);
  if (nat == nullptr) return reply;
  reply.destination_be = nat->address_be;
  if (is_by_address(forward_key.protocol)) return reply;  // one session with each peer
  const Steering& steering = context.service.steering;
  const auto arrives_here = [&](std::uint16_t port_be) {
    FlowKey candidate = reply;
    candidate.destination_port_be = port_be;
    return steering.workers() == 1 || steering.delivered_to(candidate) == context.worker;
  };
  SourceNat& source_nat = context.state.source_nat;
  const auto port =
      context.rehearsal == nullptr
          ? source_nat.take(context.turn, *nat, forward_key.protocol, forward_key.source_port_be,
                            arrives_here)
          : source_nat.find_free(context.turn, *nat, forward_key.protocol, forward_key.source_port_be,
                                 arrives_here, freed_port(context, *nat));
  if (!port) return std::nullopt;
  reply.destination_port_be = *port;
  if (forward_key.protocol == IPPROTO_ICMP) reply.source_port_be = *port;
  return reply;
}

bool is_taken(const Context& context, const FlowKey& reply) {
  const SessionTable::Match match = context.state.sessions.find(reply);
  const bool ended = context.rehearsal != nullptr && context.rehearsal->ended() &&
                     context.rehearsal->ended()->slot == match.slot;
  return match && !ended;
}

// Fills what the table does not know of. The same line as the insertion wrote.
void describe(Context& context, const Packet& packet, std::uint32_t slot, const Rule& rule) {
  auto session = context.state.sessions.edit(context.turn, slot);
  session->rule_id = rule.id;
  session->initiator_port = static_cast<std::uint8_t>(packet.in_port);
  session->responder_port = static_cast<std::uint8_t>(packet.out_port);
  context.state.responder_answered[slot] = false;
  context.state.admission.opened(slot, context.state.sessions.at(slot), context.turn.now_s());
  TcpWindow& window = context.state.tcp_windows[slot] = {};
  if (packet.key.protocol != IPPROTO_TCP) return;
  begin(window, segment_of(packet));
  session->tcp_scales = scales_of(window);
}

// The session that has been opening for the longest gives way. False: that would be of no use, or all are
// established.
bool make_room(Context& context, const FlowKey& forward, const FlowKey& reply) {
  const auto oldest = context.state.admission.gives_way();
  if (!oldest || !context.state.sessions.has_room_for(forward, reply, 1)) return false;
  if (context.rehearsal != nullptr)
    context.rehearsal->gives_way(context.state.sessions.at(*oldest));
  else
    end_session(context, *oldest);
  return true;
}

// False: the table is full.
bool open(Context& context, const Packet& packet, const FlowKey& reply, const Rule& rule) {
  region::SessionTable& sessions = context.state.sessions;
  if (context.rehearsal != nullptr) {
    if (!context.rehearsal->ended() && !sessions.has_room_for(packet.key, reply) &&
        !make_room(context, packet.key, reply))
      return false;
    context.turn.depend_on(context.turn.epoch());
    context.rehearsal->opens(packet.key, reply);
    return true;
  }
  std::uint32_t slot = sessions.insert(context.turn, packet.key, reply);
  if (slot == SessionTable::kNone && make_room(context, packet.key, reply))
    slot = sessions.insert(context.turn, packet.key, reply);
  if (slot == SessionTable::kNone) return false;
  describe(context, packet, slot, rule);
  return true;
}

}  // namespace

Verdict session_open(Context& context, Packet& packet) {
  const Adjacency& route = *packet.route;
  if (!may_open(packet)) return Verdict::drop(why_not_opened(packet));
  if (context.fib().lookup(packet.key.source_be).kind == Adjacency::Kind::local)
    return Verdict::drop(DropReason::martian_source);
  if (!route.forwards()) return Verdict::drop(DropReason::no_route);
  const Rule* rule = context.service.rules.match(packet.key, packet.in_port, route.port);
  if (context.rehearsal != nullptr) context.rehearsal->asked_rules(rule);
  if (rule == nullptr) return Verdict::drop(DropReason::no_rule);
  if (rule->action == RuleAction::deny) return Verdict::drop(DropReason::denied_by_rule);
  if (!context.output.has_room_for_new_session()) return Verdict::drop(DropReason::hold_buffer_full_new);
  const bool ended = context.rehearsal != nullptr && context.rehearsal->ended();
  if (!context.state.admission.admits(packet.key.source_be, packet.key.protocol, context.turn.now_s(), ended))
    return Verdict::drop(DropReason::source_limit);
  const Verdict verdict = forward_ipv4(context, packet, route, packet.key.destination_be);
  if (verdict.kind != Verdict::Kind::output) return verdict;

  State& state = context.state;
  const SourceNat::Entry* nat = state.source_nat.find(packet.in_port, route.port);
  const auto reply = reply_tuple(context, packet.key, nat);
  if (!reply) return Verdict::drop(DropReason::nat_ports_exhausted);
  DropReason why = DropReason::session_conflict;
  if (!is_taken(context, *reply)) {
    if (open(context, packet, *reply, *rule)) {
      packet.new_session = true;
      translate(packet, reversed(*reply));
      return verdict;
    }
    why = DropReason::sessions_full;
  }
  if (nat != nullptr && context.rehearsal == nullptr && !is_by_address(packet.key.protocol))
    state.source_nat.give_back(context.turn, *nat, packet.key.protocol, reply->destination_port_be);
  return Verdict::drop(why);
}

}  // namespace stillwater::dataplane
