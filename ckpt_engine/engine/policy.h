// When a checkpoint is required (mission Q1), and the bounds on taking one.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace stillwater::engine {

struct Policy {
  Nanos interval = 1ms;                  // dirty hard lines wait no longer than this for a checkpoint
  Nanos min_interval = 100us;            // between two checkpoints
  Nanos quiesce_timeout = 10ms;          // Q8
  std::uint64_t dirty_bytes = 1u << 20;  // a checkpoint is due when this much is dirty
  Nanos defer = 200us;                   // output that can wait asks for a checkpoint when it is this old
  std::uint32_t defer_packets = 32;      // or when there is this much of it
  Nanos look_interval = 100us;  // where output asked for one lately, the engine looks for the next so often
  Nanos asked_lately = 10ms;
  unsigned pause_percent = 5;  // of the time at most, as far as intervals can see to it; 100: any
  std::uint64_t brownout_bytes = 1u << 19;  // more than this is first copied while forwarding runs
  unsigned brownout_rounds_max = 4;         // M4: rounds end even where writes never converge
  Nanos soft_interval = 250ms;
  std::uint64_t soft_bytes = 256u << 10;  // soft lines shipped an interval
  Nanos digest_budget = 5us;              // of a blackout, for digests; 0: none
  Nanos digest_min_interval = 1ms;        // between two blackouts that have some
  Nanos digest_interval = 100ms;  // where nothing else asks for a blackout, digests do, this far apart
};

// What checkpoints cost lately.
class Cost {
 public:
  // A checkpoint's pause, and how long it took from request to acknowledgement. One that was held up by
  // something else counts as twice what is usual at most.
  constexpr void add(Nanos pause, Nanos commit) {
    blend(pause_, pause);
    blend(commit_, commit);
  }
  [[nodiscard]] constexpr Nanos pause() const { return pause_; }
  [[nodiscard]] constexpr Nanos commit() const { return commit_; }

 private:
  static constexpr int kWeight = 8;

  static constexpr void blend(Nanos& usual, Nanos measured) {
    usual = usual == Nanos(0) ? measured : usual + (std::min(measured, 2 * usual) - usual) / kWeight;
  }

  Nanos pause_{};
  Nanos commit_{};
};

// The policy with its intervals stretched to what a checkpoint costs here. Output that waits: so that pauses
// take no more than their share of the time, and never beyond the interval. What nobody waits for: the same,
// and so that the link is idle for as long as it is busy; never beyond kStretchMax intervals.
inline constexpr int kStretchMax = 10;
[[nodiscard]] constexpr Policy adapted(Policy policy, const Cost& cost) {
  const bool any = policy.pause_percent >= 100;
  const Nanos share = any ? Nanos(0) : cost.pause() * 100 / std::max(policy.pause_percent, 1u);
  const Nanos most = std::max(policy.interval, policy.min_interval);
  policy.interval = std::clamp(std::max(share, 2 * cost.commit()), most, kStretchMax * most);
  policy.min_interval = std::clamp(share, policy.min_interval, most);
  return policy;
}

enum class Trigger : std::uint8_t {
  none,
  interval,
  dirty_bytes,
  held_output,
  deferred_output,
  request,
  digest,
  first_sync,  // the blackout that ends one
  hand_over,   // the last of a planned stop
};
inline constexpr std::array<const char*, 9> kTriggerNames = {"none",        "interval",        "dirty_bytes",
                                                             "held_output", "deferred_output", "request",
                                                             "digest",      "first_sync",      "hand_over"};
[[nodiscard]] constexpr const char* name_of(Trigger trigger) {
  return kTriggerNames[static_cast<std::size_t>(trigger)];
}

// What the decision looks at.
struct Pressure {
  std::uint64_t dirty_bytes = 0;
  bool output_waits = false;  // a packet is held for the current epoch, whether or not it dirtied anything
  std::uint32_t deferred_packets = 0;  // held as well, but they can wait
  Nanos deferred_for{};                // the oldest of them
  bool requested = false;              // an operator's or a role change's request
  Nanos since_last{};                  // since the last checkpoint was taken
};

[[nodiscard]] constexpr bool deferred_enough(const Policy& policy, const Pressure& p) {
  return p.deferred_packets > 0 &&
         (p.deferred_for >= policy.defer || p.deferred_packets >= policy.defer_packets);
}

// None while nothing is dirty, unless requested, for output that waits, or for digests, which go round on an
// idle region too; never below the minimum interval, so a caller keeps its request until it is served.
[[nodiscard]] constexpr Trigger decide(const Policy& policy, const Pressure& p) {
  if (p.since_last < policy.min_interval) return Trigger::none;
  if (p.requested) return Trigger::request;
  if (p.output_waits) return Trigger::held_output;
  if (deferred_enough(policy, p)) return Trigger::deferred_output;
  const bool digests_wait = policy.digest_budget > Nanos(0) && p.since_last >= policy.digest_interval;
  if (p.dirty_bytes == 0) return digests_wait ? Trigger::digest : Trigger::none;
  if (p.dirty_bytes >= policy.dirty_bytes) return Trigger::dirty_bytes;
  if (p.since_last >= policy.interval) return Trigger::interval;
  return Trigger::none;
}

}  // namespace stillwater::engine
