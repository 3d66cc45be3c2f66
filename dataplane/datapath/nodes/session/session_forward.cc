#include <optional>

#include <netinet/in.h>

#include "dataplane/datapath/ageing.h"
#include "dataplane/datapath/family.h"
#include "dataplane/datapath/nat/session_way.h"
#include "dataplane/datapath/nodes/ipv4/forward_ipv4.h"
#include "dataplane/datapath/nodes/ipv6/forward_ipv6.h"
#include "dataplane/datapath/nodes/nodes.h"
#include "dataplane/datapath/nodes/session/ask_policy.h"
#include "dataplane/datapath/rehearsal/rehearsal.h"
#include "dataplane/datapath/session_state.h"
#include "dataplane/datapath/tcp_window.h"
#include "dataplane/datapath/translate.h"

namespace stillwater::dataplane {
namespace {

using region::Direction;
using region::SessionState;

// A bare ACK. More fragments, the other kind that can wait, are not forwarded.
bool can_wait(const Packet& packet) {
  return packet.protocol == IPPROTO_TCP && packet.tcp_flags == RTE_TCP_ACK_FLAG &&
         packet.l4_bytes == (packet.l4_as<rte_tcp_hdr>()->data_off >> 4) * 4u;
}

bool is_reset(const Packet& packet) { return (packet.tcp_flags & RTE_TCP_RST_FLAG) != 0; }

// A TCP segment, and what becomes of it. Of other protocols, and unchecked, it is just taken.
struct Judged {
  TcpSegment segment;
  TcpFate fate = TcpFate::take;

  [[nodiscard]] bool tells() const { return fate == TcpFate::take || fate == TcpFate::begin_anew; }
  [[nodiscard]] std::optional<DropReason> why_dropped() const {
    switch (fate) {
      case TcpFate::take:
      case TcpFate::begin_anew:
      case TcpFate::pass:
        return std::nullopt;
      case TcpFate::out_of_window:
        return DropReason::tcp_out_of_window;
      case TcpFate::bad_ack:
        return DropReason::tcp_bad_ack;
      case TcpFate::unasked:
        return DropReason::tcp_unasked;
    }
    return std::nullopt;
  }
};

template <class Family>
Judged judged(const Context& context, const Packet& packet, const typename Family::Session& session) {
  Judged judged;
  if (Family::key(packet).protocol != IPPROTO_TCP || context.service.tcp_checks == TcpChecks::off)
    return judged;
  const auto [slot, direction] = packet.session;
  judged.segment = Family::segment(packet);
  judged.fate =
      judge(Family::sessions(context.state).tcp_windows[slot], judged.segment, direction, session.state);
  // What does not fit tells nothing even where it may go on.
  if (judged.why_dropped() && context.service.tcp_checks == TcpChecks::loose) judged.fate = TcpFate::pass;
  return judged;
}

// After a takeover a FIN may be the first segment that is seen: its peer has to speak before one is believed.
template <class Family>
bool is_believed(const Context& context, const Packet& packet, const Judged& judged) {
  if ((packet.tcp_flags & RTE_TCP_FIN_FLAG) == 0 || context.service.tcp_checks != TcpChecks::strict)
    return true;
  return judged.fate == TcpFate::take &&
         is_confirmed(Family::sessions(context.state).tcp_windows[packet.session.slot],
                      packet.session.direction);
}

// What the packet makes of its session.
template <class Family>
Progress progress(const Context& context, const Packet& packet, const Judged& judged,
                  const Progress& before) {
  const auto [slot, direction] = packet.session;
  const auto& sessions = Family::sessions(context.state);
  if (Family::key(packet).protocol != IPPROTO_TCP) return after_datagram(before, direction);
  // Where one direction goes another way, what is seen of the other has to do.
  const bool is_loose = context.service.tcp_checks == TcpChecks::loose;
  TcpEvidence evidence{.responder_answered = is_loose || sessions.responder_answered[slot]};
  if (is_reset(packet))
    evidence.exact_reset =
        context.service.tcp_checks == TcpChecks::off ||
        is_exact_reset(sessions.tcp_windows[slot], judged.segment, direction, before.state);
  else if ((!judged.tells() && !is_loose) || !is_believed<Family>(context, packet, judged))
    return before;
  return after_tcp(before, direction, packet.tcp_flags, evidence);
}

template <class Family>
void track_tcp(Context& context, const Packet& packet, const Judged& judged,
               const typename Family::Session& session) {
  auto& sessions = Family::sessions(context.state);
  const auto [slot, direction] = packet.session;
  if (direction == Direction::reply && answers_session(packet.tcp_flags))
    sessions.responder_answered[slot] = true;
  if (context.service.tcp_checks != TcpChecks::off)
    take(sessions.tcp_windows[slot], judged.segment, direction, static_cast<std::uint8_t>(session.tcp_scales),
         judged.fate);
}

// Most packets change nothing here and write nothing.
template <class Family>
void track(Context& context, const Packet& packet, const Judged& judged, const Progress& before,
           const Progress& after) {
  auto& sessions = Family::sessions(context.state);
  const std::uint32_t slot = packet.session.slot;
  const bool is_tcp = Family::key(packet).protocol == IPPROTO_TCP;
  if (is_tcp && judged.tells() && !is_reset(packet))
    track_tcp<Family>(context, packet, judged, sessions.at(slot));
  if (after != before) {
    if (before.state == SessionState::opening && after.state != SessionState::opening)
      sessions.admission.progressed(slot, sessions.at(slot));
    auto write = sessions.edit(context.turn, slot);
    write->state = after.state;
    write->tcp_ended = after.ended;
    // A successor knows the scales by a write that is due anyway.
    if (before.state == SessionState::opening && is_tcp)
      write->tcp_scales = scales_of(sessions.tcp_windows[slot]);
  }
  // How long a closed session is kept is counted from here, to the second.
  const bool closed_now = after.both_ended() && !before.both_ended();
  if (closed_now) sessions.ended_by_reset[slot] = is_reset(packet);
  if (closed_now)
    sessions.touch_exactly(context.turn, slot);
  else if (judged.tells() || context.service.tcp_checks == TcpChecks::loose)
    sessions.touch(context.turn, slot);
}

// The initiator uses its port anew, for a session that is over. Where it is not, its receiver challenges it.
template <class Family>
bool uses_port_anew(const Context& context, const Packet& packet, const typename Family::Session& session) {
  return session.state == SessionState::closing && packet.session.direction == Direction::forward &&
         Family::key(packet).protocol == IPPROTO_TCP && opens_session(packet.tcp_flags) &&
         (is_closed(session) || context.service.tcp_checks == TcpChecks::off);
}

// The same, but that nothing is written.
void look_on(Context& context, const Progress& before, const Progress& after) {
  if (after == before) return;
  context.turn.depend_on(context.turn.epoch());
  context.rehearsal->becomes(after.state);
}

// The packet goes on: what it makes of its session, and what its way out has to know.
template <class Family, bool kRehearses>
void advance(Context& context, Packet& packet, const typename Family::Session& session,
             const Judged& segment) {
  context.turn.depend_on(session.changed_epoch);
  const Progress before{session.state, session.tcp_ended};
  const Progress progressed = progress<Family>(context, packet, segment, before);
  if constexpr (kRehearses)
    look_on(context, before, progressed);
  else
    track<Family>(context, packet, segment, before, progressed);
  packet.new_session = progressed.state == SessionState::opening;
  packet.can_wait = can_wait(packet);
}

template <bool kRehearses>
Verdict go_on(Context& context, Packet& packet, const region::Session& session, const Judged& segment) {
  const region::FlowKey after = tuple_after(session, packet.session.direction);
  const Adjacency& route = context.fib().lookup(after.destination_be);
  if constexpr (kRehearses) context.rehearsal->looked_up(IpAddress::v4(after.destination_be), route);
  const bool again = comes_in_again(context, packet, route, after.destination_be);
  const Verdict verdict =
      again ? Verdict::output() : forward_ipv4(context, packet, route, after.destination_be);
  if (verdict.kind != Verdict::Kind::output) return verdict;
  advance<Ipv4, kRehearses>(context, packet, session, segment);
  translate(packet, after);
  return again ? turn_back(context, packet, route) : verdict;
}

// That its sender is told of a packet that cannot go on says that the session is there.
template <bool kRehearses>
Verdict go_on(Context& context, Packet& packet, const region::Session6& session, const Judged& segment) {
  const Verdict verdict = forward_ipv6(context, packet, *packet.route);
  if (verdict.kind == Verdict::Kind::output)
    advance<Ipv6, kRehearses>(context, packet, session, segment);
  else
    context.turn.depend_on(session.changed_epoch);
  return verdict;
}

template <class Family, bool kRehearses>
Verdict forward(Context& context, Packet& packet) {
  const region::SessionMatch match = packet.session;
  const auto& session = Family::sessions(context.state).at(match.slot);
  const bool initiator = match.direction == Direction::forward;
  if (packet.in_port != (initiator ? session.initiator_port : session.responder_port))
    return Verdict::drop(DropReason::wrong_port);
  if (uses_port_anew<Family>(context, packet, session)) {
    if constexpr (kRehearses)
      context.rehearsal->ends(match.slot);
    else
      end_session<Family>(context, match.slot, CloseReason::replaced);
    return Verdict::next(Family::kOpen);
  }
  if (__builtin_expect(!is_of_policy(context, session), 0))
    if (const auto refused = admit_again<Family>(context, packet, match.slot)) return *refused;
  const Judged segment = judged<Family>(context, packet, session);
  if (const auto why = segment.why_dropped()) return Verdict::drop(*why);
  return go_on<kRehearses>(context, packet, session, segment);
}

// Packets pay for rehearsals with this branch.
template <class Family>
Verdict forward(Context& context, Packet& packet) {
  if (__builtin_expect(context.rehearsal != nullptr, 0)) return forward<Family, true>(context, packet);
  return forward<Family, false>(context, packet);
}

}  // namespace

Verdict session_forward(Context& context, Packet& packet) { return forward<Ipv4>(context, packet); }
Verdict session6_forward(Context& context, Packet& packet) { return forward<Ipv6>(context, packet); }

}  // namespace stillwater::dataplane
