#include "dataplane/datapath/ageing.h"

#include <algorithm>

#include "dataplane/datapath/events/event_log.h"
#include "dataplane/datapath/nodes/session/ask_policy.h"
#include "dataplane/datapath/session_state.h"

namespace stillwater::dataplane {

void end_session(Context& context, std::uint32_t slot, CloseReason why) {
  log_session_closed(context, slot, why);
  const region::Session& session = context.state.sessions.at(slot);
  context.state.admission.ended(slot, session, context.turn.now_s());
  const NatState::Freed freed = context.state.nat.left(context.turn, session);
  log_freed(context, session, freed);
  context.state.sessions.erase(context.turn, slot);
}

std::uint32_t Ageing::idle_s(const region::SessionTable& sessions, std::uint32_t slot,
                             std::uint32_t region_now_s) const {
  const std::uint32_t seen_s = std::max(sessions.last_seen_s(slot), floor_s_);
  return region_now_s > seen_s ? region_now_s - seen_s : 0;
}

// What was seen last moves in steps, but where it was closed: a session must not end before its time. In a
// flood that does not hold for handshakes: their time is counted from what was noted of their SYNs.
std::uint32_t Ageing::limit_s(const Context& context, const region::Session& session,
                              std::uint32_t by_rule_s) {
  const std::uint32_t steps_s = is_closed(session) ? 0 : region::SessionSeen::kStepSeconds;
  const std::uint32_t timeout = timeout_s(session, context.service.timeouts, by_rule_s);
  if (!is_half_open(session)) return timeout + steps_s;
  const std::uint32_t left = context.state.admission.opening_timeout_s(timeout);
  return left < timeout ? left : timeout + steps_s;
}

// A session that no packet has brought to the rules of today has its time by the rule of its id, and before
// it ends for that by the one that would admit it now.
bool Ageing::is_over(const Context& context, std::uint32_t slot) const {
  const region::Session& session = context.state.sessions.at(slot);
  const std::uint32_t idle = idle_s(context.state.sessions, slot, context.turn.now_s());
  if (idle <= limit_s(context, session, context.policy().idle_timeout_s(session.rule_id))) return false;
  return is_of_policy(context, session) ||
         idle > limit_s(context, session, idle_timeout_anew_s(context, session));
}

std::uint32_t Ageing::least_limit_s(const Context& context) {
  const TimeoutConfig& t = context.service.timeouts;
  return std::min({t.tcp_established_s, t.tcp_closing_s, t.tcp_closed_s, t.udp_s, t.icmp_s, t.other_s,
                   context.policy().least_idle_timeout_s()});
}

void Ageing::tick(Context& context) {
  const region::SessionTable& sessions = context.state.sessions;
  const std::uint32_t slots = sessions.slots_touched();
  const Nanos elapsed = context.now - sweep_began_;
  context.state.admission.tidy(context.turn.now_s());
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
    if (!settles_ && context.state.admission.has_settled(cursor_) &&
        idle_s(sessions, cursor_, context.turn.now_s()) <= least)
      continue;
    const region::Session& session = sessions.at(cursor_);
    if (session.state == region::SessionState::free) continue;
    if (settles_) settle(context.state.tcp_windows[cursor_]);
    context.state.admission.found(cursor_, session);
    if (is_over(context, cursor_)) end_session(context, cursor_, CloseReason::idle);
  }
}

}  // namespace stillwater::dataplane
