// What the checkpoints of the last minute cost.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

#include "base/clock.h"

namespace stillwater::engine {

// One committed checkpoint. Pauses are durations; lines are 64 bytes.
struct Sample {
  Instant at{};      // request
  Nanos quiesce{};   // request to the quiesced indication
  Nanos copy{};      // indication to the lines copied
  Nanos blackout{};  // request to the last worker resumed
  Nanos interval{};  // since the checkpoint before
  Nanos commit{};    // request to acknowledged
  std::uint64_t lines{};
};

struct Spread {
  double p50 = 0;
  double p99 = 0;
};

struct Summary {
  std::uint64_t checkpoints = 0;  // since start
  std::uint64_t failed = 0;
  std::string last_failure;
  Spread blackout_us, dirty_lines, interval_us, commit_us;  // over the last minute
};

// Thread-safe.
class Statistics {
 public:
  static constexpr Nanos kWindow = 60s;
  static constexpr std::size_t kSamplesMax = 1u << 17;

  void add(const Sample& sample);
  void add_failure(const std::string& reason);
  [[nodiscard]] Summary summary(Instant now) const;

 private:
  mutable std::mutex mutex_;
  std::deque<Sample> samples_;
  std::uint64_t checkpoints_ = 0;
  std::uint64_t failed_ = 0;
  std::string last_failure_;
};

}  // namespace stillwater::engine
