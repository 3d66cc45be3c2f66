#include "tests/rig/relay/impairment.h"

#include <nlohmann/json.hpp>

namespace stillwater::rig {
namespace {

// A queue that is shorter than one frame would drop everything.
constexpr std::uint64_t kShortestQueueBytes = 2048;

bool is_probability(double value) { return value >= 0 && value <= 1; }

}  // namespace

Status check(const Impairment& impairment) {
  if (impairment.delay < 0ns || impairment.jitter < 0ns) {
    return fail(Errc::invalid_argument, "a relay's delay and jitter cannot be negative");
  }
  for (const Selection* selection : {&impairment.lose, &impairment.duplicate, &impairment.reorder}) {
    if (is_probability(selection->probability)) continue;
    return fail(Errc::invalid_argument, "a relay's probability must be from 0 to 1");
  }
  if (impairment.rate_bits_per_s > 0 && impairment.queue_bytes < kShortestQueueBytes) {
    return fail(Errc::invalid_argument,
                "a relay's queue must hold at least " + std::to_string(kShortestQueueBytes) + " bytes");
  }
  if (impairment.reorder_behind == 0) {
    return fail(Errc::invalid_argument, "a relay reorders a frame behind 1 other at least");
  }
  return {};
}

nlohmann::ordered_json to_json(const RelayCounts& counts) {
  return {{"offered", counts.offered},
          {"forwarded", counts.forwarded},
          {"lost", counts.lost},
          {"cut", counts.cut},
          {"queue_full", counts.queue_full},
          {"duplicated", counts.duplicated},
          {"reordered", counts.reordered},
          {"refused", counts.refused},
          {"overrun", counts.overrun},
          {"unseen", counts.unseen},
          {"latest_us", microseconds(counts.latest)}};
}

}  // namespace stillwater::rig
