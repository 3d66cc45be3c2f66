// How often errors are told: a token bucket (RFC 1812 section 4.3.2.8, RFC 4443 section 2.4 f).
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace stillwater::dataplane {

// Belongs to one worker's thread.
class ErrorLimit {
 public:
  // The bucket holds a tenth of a second's, 10 at least, and begins full. 0: none is ever told.
  explicit ErrorLimit(std::uint32_t per_second)
      : per_second_(per_second),
        capacity_(std::max(10u, per_second / 10)),
        tokens_(per_second == 0 ? 0 : capacity_) {}

  [[nodiscard]] bool take(Instant now) {
    if (tokens_ < capacity_) refill(now);
    if (tokens_ == 0) return false;
    if (tokens_ == capacity_) filled_ = now;
    --tokens_;
    return true;
  }

 private:
  void refill(Instant now) {
    const auto due =
        static_cast<std::uint64_t>(std::clamp<std::int64_t>((now - filled_) / 1us, 0, 1'000'000)) *
        per_second_ / 1'000'000;
    if (due == 0) return;
    tokens_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(capacity_, tokens_ + due));
    filled_ += Nanos(due * 1'000'000'000 / per_second_);
  }

  std::uint32_t per_second_;
  std::uint32_t capacity_;
  std::uint32_t tokens_;
  Instant filled_{0};  // up to when `tokens_` counts
};

}  // namespace stillwater::dataplane
