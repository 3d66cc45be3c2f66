#include "tests/rig/load/replay_account.h"

#include <cstddef>
#include <unordered_map>

namespace stillwater::rig {

std::vector<bool> ReplayAccount::matched(Instant from, std::uint64_t& duplicated) const {
  std::vector<bool> matched(sent_.size(), false);
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> missing;  // the latest at the back
  std::size_t next = 0;
  for (const Event& arrival : arrived_) {
    for (; next < sent_.size() && sent_[next].at <= arrival.at; ++next) {
      missing[sent_[next].fingerprint].push_back(next);
    }
    std::vector<std::size_t>& candidates = missing[arrival.fingerprint];
    if (!candidates.empty() && arrival.at - sent_[candidates.back()].at <= kLatestArrival) {
      matched[candidates.back()] = true;
      candidates.pop_back();
    } else if (arrival.at >= from) {
      ++duplicated;
    }
  }
  return matched;
}

ReplaySummary ReplayAccount::summary(Instant from, Instant window_begin, Instant window_end) const {
  ReplaySummary summary;
  const bool fault = window_begin < window_end;
  const std::vector<bool> arrived = matched(from, summary.duplicated);
  for (std::size_t i = 0; i < sent_.size(); ++i) {
    const Instant at = sent_[i].at;
    if (at < from) continue;
    ++summary.offered;
    if (arrived[i]) {
      ++summary.arrived;
    } else if (!fault || at < window_begin) {
      ++summary.lost_before;
    } else {
      ++(at < window_end ? summary.lost_failover : summary.lost_after);
    }
  }
  return summary;
}

}  // namespace stillwater::rig
