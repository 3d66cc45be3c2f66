// A paced load that takes no core: the worker under test asks what has arrived since it last looked, and puts
// that into its port itself.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace stillwater::bench {

// Even arrivals at a rate, and beside them the model of a ring that drops what finds it full. Pure; one
// thread.
class PacedArrivals {
 public:
  PacedArrivals(double packets_per_s, std::uint64_t ring_packets, Instant begin)
      : packets_per_s_(packets_per_s), ring_packets_(ring_packets), begin_(begin) {}

  // How many arrived since the last call.
  [[nodiscard]] std::uint64_t due(Instant now) {
    const double elapsed = std::chrono::duration<double>(now - begin_).count();
    const auto until_now = static_cast<std::uint64_t>(elapsed * packets_per_s_);
    const std::uint64_t due = until_now - offered_;
    offered_ = until_now;
    return due;
  }

  // The model: `arrived` came to a ring that held what was left, then `taken` were received.
  void follow(std::uint64_t arrived, std::uint64_t taken) {
    const std::uint64_t fitted = std::min(arrived, ring_packets_ - waiting_);
    lost_ += arrived - fitted;
    waiting_ += fitted;
    waiting_ -= std::min(waiting_, taken);
  }

  [[nodiscard]] std::uint64_t offered() const { return offered_; }
  [[nodiscard]] std::uint64_t lost_by_model() const { return lost_; }

 private:
  double packets_per_s_;
  std::uint64_t ring_packets_;
  Instant begin_;
  std::uint64_t offered_ = 0;
  std::uint64_t waiting_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace stillwater::bench
