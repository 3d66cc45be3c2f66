// How fast a first sync goes on, and about how long it will take.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace stillwater::appliance {

// Of a first sync under way, from the active's side.
struct SyncProgress {
  unsigned round = 0;  // from 1 on; each later one covers what was written since the one before began
  std::uint64_t left_bytes = 0;  // that this round has still to go through
  double bytes_per_s = 0;  // gone through lately; pages of zeroes count, and are not sent; 0: not known yet
  std::optional<double> left_s;  // for this round at that rate
};

// Time is an argument. One thread.
class SyncMeter {
 public:
  static constexpr Nanos kWindow = 500ms;  // the rate is of the last one to two of them

  // Round `round` has `left_bytes` to go at `now`; round 1 after another one begins a new sync.
  [[nodiscard]] SyncProgress look(Instant now, unsigned round, std::uint64_t left_bytes);
  // The sync is over, or was given up.
  void forget() { *this = SyncMeter(); }

 private:
  struct Mark {
    Instant at{};
    std::uint64_t gone_bytes = 0;
  };
  unsigned round_ = 0;
  std::uint64_t left_bytes_ = 0;
  std::uint64_t gone_bytes_ = 0;  // in all rounds
  Mark older_, newer_;
};

}  // namespace stillwater::appliance
