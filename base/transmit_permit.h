// Seam between the two halves: until when this node may put frames on the data ports.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.h"

namespace stillwater {

// Workers ask once a transmit burst. What passes between the look and the frame on the wire is the burst in
// hand: whoever grants the permit leaves a margin for it.
class TransmitPermit {
 public:
  static constexpr Instant kForever = Instant::max();
  static constexpr Instant kNever = Instant::min();

  TransmitPermit() : until_ns_(own_) {}
  // The instant lies at `until_ns`, where a fence outside of this process reads it too: no second place has
  // to be set. It outlives the permit.
  explicit TransmitPermit(std::int64_t& until_ns) : until_ns_(until_ns) { set_until(kNever); }
  TransmitPermit(const TransmitPermit&) = delete;
  TransmitPermit& operator=(const TransmitPermit&) = delete;

  // Relaxed: the instant is all that is said. Who must be sure that nobody transmits quiesces the workers as
  // well.
  [[nodiscard]] bool holds(Instant now) const { return now < until(); }
  [[nodiscard]] Instant until() const { return Instant(until_ns_.load(std::memory_order_relaxed)); }

  void set_until(Instant until) { until_ns_.store(until.count(), std::memory_order_relaxed); }

 private:
  std::int64_t own_ = kNever.count();       // where it lies unless told otherwise
  std::atomic_ref<std::int64_t> until_ns_;  // writer: the lease, under its lock
};

}  // namespace stillwater
