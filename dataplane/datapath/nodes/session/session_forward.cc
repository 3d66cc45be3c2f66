#include <netinet/in.h>

#include "dataplane/datapath/ageing.h"
#include "dataplane/datapath/nodes/ipv4/forward_ipv4.h"
#include "dataplane/datapath/nodes/nodes.h"
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

// Most packets change nothing here and write nothing.
void track(Context& context, const Packet& packet, std::uint32_t slot, Direction direction) {
  State& state = context.state;
  const Session& session = state.sessions.at(slot);
  const Progress before{session.state, session.tcp_ended};
  Progress after = before;
  if (packet.key.protocol == IPPROTO_TCP) {
    if (direction == Direction::reply && answers_session(packet.tcp_flags))
      state.responder_answered[slot] = true;
    TcpEdges& edges = state.tcp_edges[slot];
    const bool reset = (packet.tcp_flags & RTE_TCP_RST_FLAG) != 0;
    after = after_tcp(before, direction, packet.tcp_flags,
                      {.responder_answered = state.responder_answered[slot],
                       .exact_reset = reset && is_exact_reset(edges, packet, direction)});
    if (!reset) anchor(edges, packet, direction);
  } else {
    after = after_datagram(before, direction);
  }
  if (after != before) {
    auto write = state.sessions.edit(context.turn, slot);
    write->state = after.state;
    write->tcp_ended = after.ended;
  }
  // How long a closed session is kept is counted from here, to the second.
  const bool closed_now = after.both_ended() && !before.both_ended();
  closed_now ? state.sessions.touch_exactly(context.turn, slot) : state.sessions.touch(context.turn, slot);
}

}  // namespace

Verdict session_forward(Context& context, Packet& packet) {
  const region::SessionTable::Match match = packet.session;
  const Session& session = context.state.sessions.at(match.slot);
  const bool initiator = match.direction == Direction::forward;
  if (packet.in_port != (initiator ? session.initiator_port : session.responder_port))
    return Verdict::drop(DropReason::wrong_port);
  if (session.state == SessionState::closing && initiator && packet.key.protocol == IPPROTO_TCP &&
      opens_session(packet.tcp_flags)) {  // the initiator uses its port anew
    end_session(context, match.slot);
    return Verdict::next(Node::session_open);
  }
  const region::FlowKey after = tuple_after(session, match.direction);
  const Adjacency& route = context.fib().lookup(after.destination_be);
  const Verdict verdict = forward_ipv4(context, packet, route, after.destination_be);
  if (verdict.kind != Verdict::Kind::output) return verdict;
  context.turn.depend_on(session.changed_epoch);
  track(context, packet, match.slot, match.direction);
  packet.new_session = session.state == SessionState::opening;
  packet.can_wait = can_wait(packet);
  translate(packet, after);
  return verdict;
}

}  // namespace stillwater::dataplane
