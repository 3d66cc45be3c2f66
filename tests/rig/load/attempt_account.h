// How attempts to open new connections fared, split by when they ran. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace stillwater::rig {

// One connection: connect, send, receive the echo, close.
struct Attempt {
  Instant begin;
  Instant end;
  std::string failure;  // why it failed; empty: it worked
};

struct AttemptSummary {
  std::uint64_t ok = 0;
  std::uint64_t failed_before = 0;                // ended before the failover window
  std::uint64_t failed_failover = 0;              // overlapped it
  std::uint64_t failed_after = 0;                 // began after it
  std::map<std::string, std::uint64_t> failures;  // by reason
  std::vector<Nanos> took;                        // those that worked and ended before it, in no order

  [[nodiscard]] std::uint64_t failed() const { return failed_before + failed_failover + failed_after; }
};

// Attempts that began before `from` are left out. An empty window [begin, end) means no fault: all failures
// count as before.
[[nodiscard]] AttemptSummary summarize(const std::vector<Attempt>& attempts, Instant from,
                                       Instant window_begin, Instant window_end);

}  // namespace stillwater::rig
