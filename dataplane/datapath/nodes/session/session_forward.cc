#include <netinet/in.h>

#include "dataplane/datapath/ageing.h"
#include "dataplane/datapath/nat/session_way.h"
#include "dataplane/datapath/nodes/ipv4/forward_ipv4.h"
#include "dataplane/datapath/nodes/nodes.h"
#include "dataplane/datapath/nodes/session/ask_policy.h"
#include "dataplane/datapath/rehearsal/rehearsal.h"
#include "dataplane/datapath/session_state.h"
#include "dataplane/datapath/translate.h"

namespace stillwater::dataplane {
namespace {

using region::Direction;
using region::Session;
using region::SessionState;

// A bare ACK. More fragments, the other kind that can wait, are not forwarded.
bool can_wait(const Packet& packet) {
  return packet.key.protocol == IPPROTO_TCP && packet.tcp_flags == RTE_TCP_ACK_FLAG &&
         packet.l4_bytes == (packet.l4_as<rte_tcp_hdr>()->data_off >> 4) * 4u;
}

bool is_reset(const Packet& packet) { return (packet.tcp_flags & RTE_TCP_RST_FLAG) != 0; }

// What the packet makes of its session.
Progress progress(const State& state, const Packet& packet, const Progress& before) {
  const auto [slot, direction] = packet.session;
  if (packet.key.protocol != IPPROTO_TCP) return after_datagram(before, direction);
  return after_tcp(
      before, direction, packet.tcp_flags,
      {.responder_answered = state.responder_answered[slot],
       .exact_reset = is_reset(packet) && is_exact_reset(state.tcp_edges[slot], packet, direction)});
}

// Most packets change nothing here and write nothing.
void track(Context& context, const Packet& packet, const Progress& before, const Progress& after) {
  State& state = context.state;
  const auto [slot, direction] = packet.session;
  if (packet.key.protocol == IPPROTO_TCP) {
    if (direction == Direction::reply && answers_session(packet.tcp_flags))
      state.responder_answered[slot] = true;
    if (!is_reset(packet)) anchor(state.tcp_edges[slot], packet, direction);
  }
  if (after != before) {
    auto write = state.sessions.edit(context.turn, slot);
    write->state = after.state;
    write->tcp_ended = after.ended;
  }
  // How long a closed session is kept is counted from here, to the second.
  const bool closed_now = after.both_ended() && !before.both_ended();
  if (closed_now) state.ended_by_reset[slot] = is_reset(packet);
  closed_now ? state.sessions.touch_exactly(context.turn, slot) : state.sessions.touch(context.turn, slot);
}

// The same, but that nothing is written.
void look_on(Context& context, const Progress& before, const Progress& after) {
  if (after == before) return;
  context.turn.depend_on(context.turn.epoch());
  context.rehearsal->becomes(after.state);
}

template <bool kRehearses>
Verdict forward(Context& context, Packet& packet) {
  const region::SessionTable::Match match = packet.session;
  const Session& session = context.state.sessions.at(match.slot);
  const bool initiator = match.direction == Direction::forward;
  if (packet.in_port != (initiator ? session.initiator_port : session.responder_port))
    return Verdict::drop(DropReason::wrong_port);
  if (session.state == SessionState::closing && initiator && packet.key.protocol == IPPROTO_TCP &&
      opens_session(packet.tcp_flags)) {  // the initiator uses its port anew
    if constexpr (kRehearses)
      context.rehearsal->ends(session, match.slot);
    else
      end_session(context, match.slot, CloseReason::replaced);
    return Verdict::next(Node::session_open);
  }
  if (__builtin_expect(!is_of_policy(context, session), 0))
    if (const auto refused = admit_again(context, packet, match.slot)) return *refused;
  const region::FlowKey after = tuple_after(session, match.direction);
  const Adjacency& route = context.fib().lookup(after.destination_be);
  if constexpr (kRehearses) context.rehearsal->looked_up(IpAddress::v4(after.destination_be), route);
  const bool again = comes_in_again(context, packet, route, after.destination_be);
  const Verdict verdict =
      again ? Verdict::output() : forward_ipv4(context, packet, route, after.destination_be);
  if (verdict.kind != Verdict::Kind::output) return verdict;
  context.turn.depend_on(session.changed_epoch);
  const Progress before{session.state, session.tcp_ended};
  const Progress progressed = progress(context.state, packet, before);
  if constexpr (kRehearses)
    look_on(context, before, progressed);
  else
    track(context, packet, before, progressed);
  packet.new_session = progressed.state == SessionState::opening;
  packet.can_wait = can_wait(packet);
  translate(packet, after);
  return again ? turn_back(context, packet, route) : verdict;
}

}  // namespace

// Packets pay for rehearsals with this branch.
Verdict session_forward(Context& context, Packet& packet) {
  if (__builtin_expect(context.rehearsal != nullptr, 0)) return forward<true>(context, packet);
  return forward<false>(context, packet);
}

}  // namespace stillwater::dataplane
