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

ProbeSummary both_ways(const ProbeSummary& to_server, const ProbeSummary& to_client) {
  const ProbeSummary& a = to_server;
  const ProbeSummary& b = to_client;
  ProbeSummary both;
  both.sent = a.sent + b.sent;
  both.lost_steady = a.lost_steady + b.lost_steady;
  both.lost_failover = a.lost_failover + b.lost_failover;
  both.duplicated = a.duplicated + b.duplicated;
  both.reordered = a.reordered + b.reordered;
  both.unknown = a.unknown + b.unknown;
  both.corrupted = a.corrupted + b.corrupted;
  both.outage_ms = std::max(a.outage_ms, b.outage_ms);
  both.send_gap_ms = std::max(a.send_gap_ms, b.send_gap_ms);
  both.recovered = a.recovered && b.recovered;
  both.window_begin = std::min(a.window_begin, b.window_begin);
  both.window_end = std::max(a.window_end, b.window_end);
  return both;
}

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

Nanos ProbeAccount::longest_send_gap(std::size_t first, const ProbeSummary& window) const {
  const bool everywhere = window.window_begin == window.window_end;
  Nanos longest{0};
  for (std::size_t number = first + 1; number < sent_.size(); ++number) {
    const bool overlaps = sent_[number] >= window.window_begin && sent_[number - 1] < window.window_end;
    if (everywhere || overlaps) longest = std::max(longest, sent_[number] - sent_[number - 1]);
  }
  return longest;
}

std::vector<bool> ProbeAccount::tally_arrivals(std::size_t first, ProbeSummary& summary) const {
  std::vector<bool> arrived(sent_.size(), false);
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
  }
  summary.corrupted = corrupted_;
  summary.recovered = sent_.size() == first || arrived.back();
  return arrived;
}

void ProbeAccount::measure_delays(std::size_t first, ProbeSummary& summary) const {
  const bool fault = summary.window_begin < summary.window_end;
  std::vector<Nanos> before, during, after;
  std::vector<bool> seen(sent_.size(), false);
  for (const auto& [number, at] : arrivals_) {
    if (number < first || number >= sent_.size() || seen[number]) continue;
    seen[number] = true;
    const Instant sent = sent_[number];
    auto& part = !fault || sent < summary.window_begin ? before : sent < summary.window_end ? during : after;
    part.push_back(at - sent);
  }
  summary.delay_us_p50 = percentile_us(before, 0.5);
  summary.delay_us_p99 = percentile_us(before, 0.99);
  summary.delay_failover_us_p50 = percentile_us(during, 0.5);
  summary.delay_failover_us_p99 = percentile_us(during, 0.99);
  summary.delay_after_us_p50 = percentile_us(after, 0.5);
  summary.delay_after_us_p99 = percentile_us(after, 0.99);
}

void ProbeAccount::measure_outage(std::size_t first, const std::vector<bool>& arrived,
                                  std::optional<Instant> fault, ProbeSummary& summary) const {
  Nanos longest{0};
  for (const Gap& gap : gaps(first, arrived)) {
    if (fault && gap.end < *fault) continue;
    longest = std::max(longest, gap.end - gap.begin);
    if (gap.begin < summary.window_end) summary.window_end = std::max(summary.window_end, gap.end);
  }
  summary.outage_ms = milliseconds(longest);
}

bool ProbeAccount::anything_since(Instant from) const {
  return std::any_of(arrivals_.begin(), arrivals_.end(), [&](const Arrival& arrival) {
    return arrival.number < sent_.size() && sent_[arrival.number] >= from;
  });
}

ProbeSummary ProbeAccount::summary(Instant from, std::optional<Instant> fault,
                                   std::optional<Instant> last) const {
  ProbeSummary summary;
  const auto first =
      static_cast<std::size_t>(std::lower_bound(sent_.begin(), sent_.end(), from) - sent_.begin());
  summary.sent = sent_.size() - first;
  if (fault) {
    summary.window_begin = *fault - kInFlight;
    summary.window_end = std::max(*fault, last.value_or(*fault)) + kSettling;
  }
  const std::vector<bool> arrived = tally_arrivals(first, summary);
  measure_outage(first, arrived, fault, summary);
  measure_delays(first, summary);
  for (std::size_t number = first; number < sent_.size(); ++number) {
    if (arrived[number]) continue;
    const bool inside = sent_[number] >= summary.window_begin && sent_[number] < summary.window_end;
    ++(inside ? summary.lost_failover : summary.lost_steady);
  }
  summary.send_gap_ms = milliseconds(longest_send_gap(first, summary));
  return summary;
}

}  // namespace stillwater::rig
