#include "tests/rig/load/probe_account.h"

#include <algorithm>

namespace stillwater::rig {
namespace {

// `values` is reordered.
double percentile_us(std::vector<Nanos>& values, double share) {
  if (values.empty()) return 0;
  const auto rank = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  return microseconds(values[static_cast<std::size_t>(rank)]);
}

}  // namespace

ProbeAccount::ProbeAccount(std::size_t probes) {
  sent_.reserve(probes);
  arrivals_.reserve(probes + probes / 8);
}

std::uint32_t ProbeAccount::sent(Instant at) {
  sent_.push_back(at);
  return static_cast<std::uint32_t>(sent_.size() - 1);
}

std::vector<ProbeAccount::Gap> ProbeAccount::gaps(std::size_t first, const std::vector<bool>& arrived) const {
  std::vector<Gap> found;
  bool open = false;
  Instant begin{};
  for (std::size_t number = first; number < sent_.size(); ++number) {
    if (!arrived[number] && !open) {
      open = true;
      begin = sent_[number == first ? first : number - 1];
    } else if (arrived[number] && open) {
      open = false;
      found.push_back({begin, sent_[number]});
    }
  }
  if (open) found.push_back({begin, sent_.back() + 1ns});
  return found;
}

ProbeSummary ProbeAccount::summary(Instant from, std::optional<Instant> fault) const {
  ProbeSummary summary;
  const auto first =
      static_cast<std::size_t>(std::lower_bound(sent_.begin(), sent_.end(), from) - sent_.begin());
  summary.sent = sent_.size() - first;

  std::vector<bool> arrived(sent_.size(), false);
  std::vector<Nanos> delays;
  std::size_t expected = first;  // above every number that has arrived
  for (const Arrival& arrival : arrivals_) {
    const std::size_t number = arrival.number;
    if (number >= sent_.size()) ++summary.unknown;
    if (number < first || number >= sent_.size()) continue;
    if (arrived[number]) {
      ++summary.duplicated;
      continue;
    }
    arrived[number] = true;
    if (number < expected) ++summary.reordered;
    expected = std::max(expected, number + 1);
    if (!fault || sent_[number] < *fault - kInFlight) delays.push_back(arrival.at - sent_[number]);
  }

  const std::vector<Gap> all = gaps(first, arrived);
  if (fault) {
    summary.window_begin = *fault - kInFlight;
    summary.window_end = *fault + kSettling;
  }
  Nanos longest{0};
  for (const Gap& gap : all) {
    if (fault && gap.end < *fault) continue;
    longest = std::max(longest, gap.end - gap.begin);
    if (fault && gap.begin < summary.window_end) summary.window_end = std::max(summary.window_end, gap.end);
  }
  summary.outage_ms = milliseconds(longest);
  summary.recovered = arrived.size() == first || arrived.back();
  for (std::size_t number = first; number < sent_.size(); ++number) {
    if (arrived[number]) continue;
    const bool inside = sent_[number] >= summary.window_begin && sent_[number] < summary.window_end;
    ++(inside ? summary.lost_failover : summary.lost_steady);
  }
  summary.delay_us_p50 = percentile_us(delays, 0.5);
  summary.delay_us_p99 = percentile_us(delays, 0.99);
  return summary;
}

}  // namespace stillwater::rig
