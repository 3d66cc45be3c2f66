// What one worker's traffic has made of a rule.
#pragma once

#include <atomic>
#include <cstdint>

#include "dataplane/datapath/token_bucket.h"

namespace stillwater::dataplane {

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
