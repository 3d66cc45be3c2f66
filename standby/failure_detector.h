// Tells silence from life. Sans-io: instants come in as arguments.
#pragma once

#include <algorithm>

#include "base/clock.h"

namespace stillwater::standby {

// Says that the peer is lost after `timeout` without a sign of life, less the time in which this node itself
// stood still: a detector that slept through heartbeats must not blame the peer. Where signs came late of
// late, it waits longer: twice the longest gap, which counts for less the longer ago it was. One thread.
class FailureDetector {
 public:
  // `tick` is how often `look` is called at least when nothing stalls; `stretch_max`, how many timeouts it
  // waits at most for a peer whose signs come late.
  FailureDetector(Nanos timeout, Nanos tick, int stretch_max)
      : least_(timeout), most_(timeout * stretch_max), tick_(tick) {}

  void start(Instant now) {
    heard_ = looked_ = now;
    own_stalls_ = Nanos(0);
  }
  void heard(Instant now) {
    const Nanos stall = std::max(late(now), Nanos(0));
    const Nanos gap = std::clamp(now - heard_ - own_stalls_ - stall, Nanos(0), most_);
    longest_gap_ = std::max(gap, longest_gap_ - longest_gap_ * gap.count() / kMemory.count());
    heard_ = now;
    own_stalls_ = Nanos(0);
  }

  // Call after everything that had arrived was handed to `heard`. True: the peer is lost.
  [[nodiscard]] bool look(Instant now) {
    own_stalls_ += std::max(late(now), Nanos(0));
    looked_ = now;
    return now - heard_ - own_stalls_ > timeout();
  }

  [[nodiscard]] Nanos timeout() const { return std::clamp(2 * longest_gap_, least_, most_); }

  [[nodiscard]] Nanos silence(Instant now) const { return now - heard_; }
  // Call `look` no later than this.
  [[nodiscard]] Instant look_again_at() const { return looked_ + tick_; }

 private:
  static constexpr Nanos kMemory =
      20s;  // after so long a gap counts for a third, after twice as long a ninth

  // How late this look is. A stall before the last sign is no excuse.
  [[nodiscard]] Nanos late(Instant now) const { return now - std::max(looked_, heard_) - tick_; }

  Nanos least_;
  Nanos most_;
  Nanos tick_;
  Nanos longest_gap_{};
  Instant heard_{};
  Instant looked_{};
  Nanos own_stalls_{};
};

}  // namespace stillwater::standby
