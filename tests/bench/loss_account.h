// What became of a paced load.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace stillwater::bench {

struct LossAccount {
  std::uint64_t offered = 0;
  std::uint64_t received = 0;
  std::uint64_t waiting = 0;  // in the receive ring at the end
  std::uint64_t lost_by_model = 0;
  std::uint64_t missed_by_port = 0;    // as the port says
  std::uint64_t short_of_buffers = 0;  // the load itself could not be made: the measurement is void
  std::uint64_t quiesces = 0;
  Nanos largest_gap{};  // between two looks into the receive ring
  std::uint64_t windows = 0;
  std::uint64_t windows_held = 0;     // in which the ring could hold every gap, by the model
  std::uint64_t lost_where_held = 0;  // in those

  [[nodiscard]] std::uint64_t lost() const { return offered - received - waiting; }
};

// Sorts losses by windows of time. A machine that takes the core away for milliseconds now and then would
// otherwise spoil every rate as a whole. Pure; one thread.
class LossWindows {
 public:
  static constexpr Nanos kWindow = 10ms;

  explicit LossWindows(Instant begin) : end_(begin + kWindow) {}

  [[nodiscard]] bool is_over(Instant now) const { return now >= end_; }
  // A window is over. `lost` and `by_model` are totals since the begin.
  void close(Instant now, std::uint64_t lost, std::uint64_t by_model, LossAccount& account) {
    ++account.windows;
    if (by_model == by_model_) {
      ++account.windows_held;
      account.lost_where_held += lost - lost_;
    }
    lost_ = lost;
    by_model_ = by_model;
    end_ = now + kWindow;
  }

 private:
  Instant end_;
  std::uint64_t lost_ = 0;
  std::uint64_t by_model_ = 0;
};

}  // namespace stillwater::bench
