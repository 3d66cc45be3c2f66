// What one worker's traffic has made of a rule.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

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

// Not in the region: no packet's fate depends on counts, room there would have to be for the most rules that
// a policy may ever have, and buckets run by the host's clock. A successor begins to count, with full
// buckets.
struct RuleUse {
  std::atomic<std::uint64_t> matches{
      0};  // writer: the worker; relaxed, a figure. First packets it decided about
  std::atomic<std::uint64_t> limited{0};  // of them, those beyond the limit; likewise
  TokenBucket bucket;                     // of a rule with a limit

  static void count(std::atomic<std::uint64_t>& figure) {  // a plain addition: there is one writer
    figure.store(figure.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
};

}  // namespace stillwater::dataplane
