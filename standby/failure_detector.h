// Tells silence from life. Sans-io: instants come in as arguments.
#pragma once

#include <algorithm>

#include "base/clock.h"

namespace stillwater::standby {

// Says that the peer is lost after `timeout` without a sign of life, less the time in which this node itself
// stood still: a detector that slept through heartbeats must not blame the peer. One thread.
class FailureDetector {
 public:
  // `tick` is how often `look` is called at least when nothing stalls.
  FailureDetector(Nanos timeout, Nanos tick) : timeout_(timeout), tick_(tick) {}

  void start(Instant now) {
    heard_ = looked_ = now;
    own_stalls_ = Nanos(0);
  }
  void heard(Instant now) {
    heard_ = now;
    own_stalls_ = Nanos(0);
  }

  // Call after everything that had arrived was handed to `heard`. True: the peer is lost.
  [[nodiscard]] bool look(Instant now) {
    const Nanos late = now - std::max(looked_, heard_) - tick_;  // a stall before the last sign is no excuse
    if (late > Nanos(0)) own_stalls_ += late;
    looked_ = now;
    return now - heard_ - own_stalls_ > timeout_;
  }

  [[nodiscard]] Nanos silence(Instant now) const { return now - heard_; }
  // Call `look` no later than this.
  [[nodiscard]] Instant look_again_at() const { return looked_ + tick_; }

 private:
  Nanos timeout_;
  Nanos tick_;
  Instant heard_{};
  Instant looked_{};
  Nanos own_stalls_{};
};

}  // namespace stillwater::standby
