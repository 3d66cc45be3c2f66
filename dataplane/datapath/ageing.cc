#include "dataplane/datapath/ageing.h"

#include <algorithm>

#include "dataplane/datapath/events/event_log.h"
#include "dataplane/datapath/nodes/session/ask_policy.h"
#include "dataplane/datapath/session_state.h"

namespace stillwater::dataplane {

template <class Family>
void end_session(Context& context, std::uint32_t slot, CloseReason why) {
  log_session_closed<Family>(context, slot, why);
  auto& sessions = Family::sessions(context.state);
  const auto& session = sessions.at(slot);
  sessions.admission.ended(slot, session, context.turn.now_s());
  if constexpr (Family::kHasNat) {
    const NatState::Freed freed = context.state.nat.left(context.turn, session);
    log_freed(context, session, freed);
  }
  sessions.erase(context.turn, slot);
}

// What was seen last moves in steps, but where it was closed: a session must not end before its time. In a
// flood that does not hold for handshakes: their time is counted from what was noted of their SYNs.
template <class Family>
std::uint32_t Ageing<Family>::limit_s(const Context& context, const Session& session,
                                      std::uint32_t by_rule_s) {
  const std::uint32_t steps_s = is_closed(session) ? 0 : region::SessionSeen::kStepSeconds;
  const std::uint32_t timeout = timeout_s(session, context.service.timeouts, by_rule_s);
  if (!is_half_open(session)) return timeout + steps_s;
  const std::uint32_t left = Family::sessions(context.state).admission.opening_timeout_s(timeout);
  return left < timeout ? left : timeout + steps_s;
}

// A session that no packet has brought to the rules of today has its time by the rule of its id, and before
// it ends for that by the one that would admit it now.
template <class Family>
bool Ageing<Family>::is_over(const Context& context, std::uint32_t slot) const {
  const auto& sessions = Family::sessions(context.state);
  const Session& session = sessions.at(slot);
  const std::uint32_t idle = idle_s(sessions, slot, context.turn.now_s());
  if (idle <= limit_s(context, session, context.policy().idle_timeout_s(session.rule_id))) return false;
  return is_of_policy(context, session) ||
         idle > limit_s(context, session, idle_timeout_anew_s(context, session));
}

template <class Family>
std::uint32_t Ageing<Family>::least_limit_s(const Context& context) {
  const TimeoutConfig& t = context.service.timeouts;
  return std::min({t.tcp_established_s, t.tcp_closing_s, t.tcp_closed_s, t.udp_s, t.icmp_s, t.other_s,
                   context.policy().least_idle_timeout_s()});
}

template <class Family>
void Ageing<Family>::tick(Context& context) {
  auto& sessions = Family::sessions(context.state);
  const std::uint32_t slots = sessions.slots_touched();
  const Nanos elapsed = context.now - sweep_began_;
  sessions.admission.tidy(context.turn.now_s());
  if (cursor_ >= slots) {
    if (elapsed < kSweep) return;
    cursor_ = 0;
    sweep_began_ = context.now;
    settles_ = context.now >= next_settling_;
    if (settles_) next_settling_ = context.now + kSettling;
    return;
  }
  const auto share =
      static_cast<double>(std::min(elapsed, kSweep).count()) / static_cast<double>(Nanos(kSweep).count());
  const auto due = static_cast<std::uint32_t>(share * slots);
  const std::uint32_t end = std::min({due, slots, cursor_ + kSlotsPerTurn});
  const std::uint32_t least = least_limit_s(context);
  for (; cursor_ < end; ++cursor_) {
    if (!settles_ && sessions.admission.has_settled(cursor_) &&
        idle_s(sessions, cursor_, context.turn.now_s()) <= least)
      continue;
    const Session& session = sessions.at(cursor_);
    if (session.state == region::SessionState::free) continue;
    if (settles_) settle(sessions.tcp_windows[cursor_]);
    sessions.admission.found(cursor_, session);
    if (is_over(context, cursor_)) end_session<Family>(context, cursor_, CloseReason::idle);
  }
}

template void end_session<Ipv4>(Context&, std::uint32_t, CloseReason);
template void end_session<Ipv6>(Context&, std::uint32_t, CloseReason);
template class Ageing<Ipv4>;
template class Ageing<Ipv6>;

}  // namespace stillwater::dataplane
