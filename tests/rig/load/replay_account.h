// Which replayed frames arrived. Pure: the replay's threads fill it and tests feed it made-up runs.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace stillwater::rig {

struct ReplaySummary {
  std::uint64_t offered = 0;
  std::uint64_t arrived = 0;
  std::uint64_t lost_before = 0;    // sent before the failover window; without a fault, all
  std::uint64_t lost_failover = 0;  // in it
  std::uint64_t lost_after = 0;     // after it
  std::uint64_t duplicated = 0;     // arrivals beyond what was sent
};

// Not thread-safe, but one thread may record sends while another records arrivals; summary() only after both
// have ended.
class ReplayAccount {
 public:
  // Equal frames are sent again and again. An arrival is that of the last of them that is still missing and
  // not older than this: one that is older is lost, not late.
  static constexpr Nanos kLatestArrival = 2s;

  void sent(std::uint64_t fingerprint, Instant at) { sent_.push_back({fingerprint, at}); }
  // Frames of other traffic are no arrivals; leave them out.
  void arrived(std::uint64_t fingerprint, Instant at) { arrived_.push_back({fingerprint, at}); }

  // Of the frames sent at or after `from`. An empty window [begin, end) means no fault.
  [[nodiscard]] ReplaySummary summary(Instant from, Instant window_begin, Instant window_end) const;

 private:
  struct Event {
    std::uint64_t fingerprint;
    Instant at;
  };
  // Whether each send has its arrival; counts duplicates of what was sent at or after `from`.
  [[nodiscard]] std::vector<bool> matched(Instant from, std::uint64_t& duplicated) const;

  std::vector<Event> sent_;
  std::vector<Event> arrived_;
};

}  // namespace stillwater::rig
