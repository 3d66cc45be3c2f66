// Keeping a pace.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace stillwater::rig {

// Of the calling thread; signals do not end it early.
void sleep_until(Instant deadline);

// So many a second, asked for about every tick of a reactor. After a stall, what it left out is counted, not
// made up for in a burst. One thread.
class Pace {
 public:
  // 0: never one.
  explicit Pace(std::uint32_t per_second) : per_second_(per_second) {}

  // How many are due since the last call; the first of all is due at the first call.
  [[nodiscard]] std::uint32_t due(Instant now);
  // What was due but left out.
  [[nodiscard]] std::uint64_t missed() const { return missed_; }

 private:
  std::uint32_t per_second_;
  Instant next_{};  // 0: not begun
  std::uint64_t missed_ = 0;
};

}  // namespace stillwater::rig
