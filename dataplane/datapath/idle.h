// What a worker does between two turns that find nothing to do.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"
#include "dataplane/config.h"

namespace stillwater::dataplane {

// Belongs to one worker's thread.
class Idle {
 public:
  explicit Idle(IdleStrategy strategy) : strategy_(strategy) {}

  // Call once a turn. How long to sleep at the packet boundary; 0: go on at once. `holds`: packets wait for a
  // commit, which must not find the worker asleep for long.
  [[nodiscard]] Nanos after_turn(bool worked, bool holds) {
    if (worked) {
      empty_turns_ = 0;
      sleep_ = kShortest;
      return 0ns;
    }
    if (strategy_ == IdleStrategy::busy || ++empty_turns_ < kEmptyTurns) return 0ns;
    if (strategy_ == IdleStrategy::pause) {
      for (unsigned i = 0; i < kPauses; ++i) __builtin_ia32_pause();
      return 0ns;
    }
    const Nanos now = holds ? kShortest : sleep_;
    sleep_ = std::min(sleep_ + kShortest, kLongest);
    return now;
  }

 private:
  static constexpr unsigned kEmptyTurns = 64;
  static constexpr unsigned kPauses = 16;
  static constexpr Nanos kShortest = 50us;
  static constexpr Nanos kLongest = 250us;

  IdleStrategy strategy_;
  unsigned empty_turns_ = 0;
  Nanos sleep_ = kShortest;
};

}  // namespace stillwater::dataplane
