// Seam between the two halves: until when this node may put frames on the data ports.
#pragma once

#include <atomic>
#include <limits>

#include "base/clock.h"

namespace stillwater {

// Workers ask once a transmit burst. What passes between the look and the frame on the wire is the burst in
// hand: whoever grants the permit leaves a margin for it.
class TransmitPermit {
 public:
  static constexpr Instant kForever = Instant::max();
  static constexpr Instant kNever = Instant::min();

  // Relaxed: the instant is all that is said. Who must be sure that nobody transmits quiesces the workers as
  // well.
  [[nodiscard]] bool holds(Instant now) const { return now < until(); }
  [[nodiscard]] Instant until() const { return Instant(until_ns_.load(std::memory_order_relaxed)); }

  void set_until(Instant until) { until_ns_.store(until.count(), std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> until_ns_{kNever.count()};  // writer: the lease, under its lock
};

}  // namespace stillwater
