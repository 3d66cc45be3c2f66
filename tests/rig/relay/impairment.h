// What a relay does to one direction of a link, and what it did, as values.
#pragma once

#include <cstdint>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "base/result.h"

namespace stillwater::rig {

// Which frames something happens to: those named, every n-th, or by chance; each adds to the others.
struct Selection {
  std::vector<std::uint64_t> numbers{};  // 0: the first frame after the impairment was set
  std::uint64_t every = 0;               // n: frames n-1, 2n-1, ...; 0: none
  double probability = 0;                // 0..1, from the direction's seed
};

// Frames that an impairment's selections count and may choose; others pass them by, but not its delay, rate
// and cut. Zero means any.
struct FrameFilter {
  std::uint8_t ip_protocol = 0;  // IPv4 only
  std::uint16_t port = 0;        // UDP or TCP, source or destination; never of a later fragment
};

struct Impairment {
  Nanos delay{};
  Nanos jitter{};                         // evenly in delay +- jitter, never below 0; it does not reorder
  std::uint64_t rate_bits_per_s = 0;      // of frame bytes without preamble and checksum; 0: unlimited
  std::uint64_t queue_bytes = 256 << 10;  // what may wait for its turn at `rate`; more is dropped
  Selection lose{};
  Selection duplicate{};  // the copy follows at once
  Selection reorder{};    // held back until `reorder_behind` others have passed
  std::uint32_t reorder_behind = 1;
  bool cut = false;  // this direction is dead, and what was under way in it is lost
  FrameFilter only{};
};

// Invalid_argument where an impairment means nothing (a probability of 2, a negative delay).
[[nodiscard]] Status check(const Impairment& impairment);

// One direction since the relay started. Every frame offered ends in exactly one of: forwarded, lost, cut,
// queue_full, refused, overrun; or it is still under way.
struct RelayCounts {
  std::uint64_t offered = 0;
  std::uint64_t forwarded = 0;  // frames; copies not counted
  std::uint64_t lost = 0;       // by `lose`
  std::uint64_t cut = 0;
  std::uint64_t queue_full = 0;  // by `rate` and `queue_bytes`
  std::uint64_t duplicated = 0;  // copies sent
  std::uint64_t reordered = 0;   // held back and overtaken
  // The relay's own failures, which no impairment asked for.
  std::uint64_t refused = 0;  // the kernel did not take it (the far link is down, say), or it is too long
  std::uint64_t overrun = 0;  // more under way than the relay has room for
  std::uint64_t unseen = 0;   // dropped by the kernel before the relay read it; not part of `offered`
  Nanos latest{};             // longest that a frame was sent after its time
};

// Durations in microseconds.
[[nodiscard]] nlohmann::ordered_json to_json(const RelayCounts& counts);

}  // namespace stillwater::rig
