// When a checkpoint is required (mission Q1), and the bounds on taking one.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace stillwater::engine {

struct Policy {
  Nanos interval = 1ms;                     // dirty hard lines wait no longer than this for a checkpoint
  Nanos min_interval = 100us;               // between two checkpoints
  Nanos quiesce_timeout = 10ms;             // Q8
  std::uint64_t dirty_bytes = 1u << 20;     // a checkpoint is due when this much is dirty
  std::uint64_t brownout_bytes = 1u << 19;  // more than this is first copied while forwarding runs
  unsigned brownout_rounds_max = 4;         // M4: rounds end even where writes never converge
  Nanos soft_interval = 250ms;
  std::uint64_t soft_bytes = 256u << 10;  // soft lines shipped an interval
  Nanos digest_budget = 5us;              // of a blackout, for digests; 0: none
  Nanos digest_min_interval = 1ms;        // between two blackouts that have some
  Nanos digest_interval = 100ms;  // where nothing else asks for a blackout, digests do, this far apart
};

enum class Trigger : std::uint8_t { none, interval, dirty_bytes, held_output, request, digest };

// What the decision looks at.
struct Pressure {
  std::uint64_t dirty_bytes = 0;
  bool output_waits = false;  // a packet is held for the current epoch, whether or not it dirtied anything
  bool requested = false;     // an operator's or a role change's request
  Nanos since_last{};         // since the last checkpoint was taken
};

// None while nothing is dirty, unless requested, for output that waits, or for digests, which go round on an
// idle region too; never below the minimum interval, so a caller keeps its request until it is served.
[[nodiscard]] constexpr Trigger decide(const Policy& policy, const Pressure& p) {
  if (p.since_last < policy.min_interval) return Trigger::none;
  if (p.requested) return Trigger::request;
  if (p.output_waits) return Trigger::held_output;
  const bool digests_wait = policy.digest_budget > Nanos(0) && p.since_last >= policy.digest_interval;
  if (p.dirty_bytes == 0) return digests_wait ? Trigger::digest : Trigger::none;
  if (p.dirty_bytes >= policy.dirty_bytes) return Trigger::dirty_bytes;
  if (p.since_last >= policy.interval) return Trigger::interval;
  return Trigger::none;
}

}  // namespace stillwater::engine
