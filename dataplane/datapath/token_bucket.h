// So many a second, and so many at once.
#pragma once

#include <algorithm>

#include "base/clock.h"
#include "dataplane/config.h"

namespace stillwater::dataplane {

// A token bucket, kept as the time at which it will be full again (the generic cell rate algorithm): begins
// full. By the host's clock; belongs to one worker's thread.
class TokenBucket {
 public:
  TokenBucket() = default;
  // An equal share of `limit`, whose per_s is not 0, for each of `workers`: of the burst rounded up, so that
  // each can admit one.
  TokenBucket(const RuleLimit& limit, unsigned workers)
      : interval_(Nanos(1s) * workers / limit.per_s),
        span_(interval_ * (std::max(1u, (limit.burst + workers - 1) / workers) - 1)) {}

  [[nodiscard]] bool has_token(Instant now) const { return full_at_ - now <= span_; }
  [[nodiscard]] bool take(Instant now) {
    if (!has_token(now)) return false;
    full_at_ = std::max(full_at_, now) + interval_;
    return true;
  }

 private:
  Nanos interval_{0};
  Nanos span_{0};
  Instant full_at_{0};
};

}  // namespace stillwater::dataplane
