// How sessions end.
#pragma once

#include <algorithm>
#include <cstdint>

#include "dataplane/datapath/context.h"
#include "dataplane/datapath/events/log_record.h"
#include "dataplane/datapath/family.h"

namespace stillwater::dataplane {

// Ends the session: both of its tuples are unknown, and its NAT port, where it was the last one that had it,
// is free again once this is committed. `why` is for the log.
template <class Family>
void end_session(Context& context, std::uint32_t slot, CloseReason why);

// Ends sessions of a family that were idle for too long, by walking the table about once a second, a few
// slots a turn. Belongs to one worker's thread.
template <class Family>
class Ageing {
 public:
  // Once after a takeover, in the first turn: every session counts as seen now, because what was seen of it
  // last may not have been shipped. Time-outs are raised by that, never lowered.
  void begin_grace(std::uint32_t region_now_s) { floor_s_ = region_now_s; }

  // Looks at the slots that are due by `context.now`.
  void tick(Context& context);

  // Seconds since the session was seen, by the region's clock; late by up to SessionSeen::kStepSeconds.
  [[nodiscard]] std::uint32_t idle_s(const region::BasicSessionTable<typename Family::Key>& sessions,
                                     std::uint32_t slot, std::uint32_t region_now_s) const {
    const std::uint32_t seen_s = std::max(sessions.last_seen_s(slot), floor_s_);
    return region_now_s > seen_s ? region_now_s - seen_s : 0;
  }

 private:
  using Session = typename Family::Session;

  static constexpr Nanos kSweep = 1s;
  static constexpr Nanos kSettling = 120s;  // a segment's longest life (RFC 9293 section 3.4.2)
  static constexpr std::uint32_t kSlotsPerTurn = 256;

  // `by_rule_s`: the time of its rule, 0: it has none.
  [[nodiscard]] static std::uint32_t limit_s(const Context& context, const Session& session,
                                             std::uint32_t by_rule_s);
  // The shortest time of any session that is not opening: whose was seen since is not looked at.
  [[nodiscard]] static std::uint32_t least_limit_s(const Context& context);
  [[nodiscard]] bool is_over(const Context& context, std::uint32_t slot) const;

  std::uint32_t floor_s_ = 0;
  std::uint32_t cursor_ = 0;
  Instant sweep_began_{0};
  Instant next_settling_{0};
  bool settles_ = false;  // this sweep narrows what a takeover loosened (tcp_window.h)
};

}  // namespace stillwater::dataplane
