#include "tests/rig/load/attempt_account.h"

namespace stillwater::rig {

AttemptSummary summarize(const std::vector<Attempt>& attempts, Instant from, Instant window_begin,
                         Instant window_end) {
  AttemptSummary summary;
  const bool fault = window_begin < window_end;
  for (const Attempt& attempt : attempts) {
    if (attempt.begin < from) continue;
    if (attempt.failure.empty()) {
      ++summary.ok;
      if (!fault || attempt.end < window_begin) summary.took.push_back(attempt.end - attempt.begin);
      continue;
    }
    ++summary.failures[attempt.failure];
    if (!fault || attempt.end < window_begin) {
      ++summary.failed_before;
    } else if (attempt.begin < window_end) {
      ++summary.failed_failover;
    } else {
      ++summary.failed_after;
    }
  }
  return summary;
}

}  // namespace stillwater::rig
