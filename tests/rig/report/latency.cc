#include "tests/rig/report/latency.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

namespace stillwater::rig {
namespace {

constexpr double kSteps = 300;
constexpr double kShownAtLeastMs = 300;

// `values` is reordered and must not be empty.
double percentile_us(std::vector<Nanos>& values, double share) {
  const auto rank = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  return microseconds(values[static_cast<std::size_t>(rank)]);
}

double tenths(double value) { return std::round(value * 10) / 10; }

// Of each number, when it first arrived.
std::vector<std::optional<Instant>> first_arrivals(const ProbeAccount& account) {
  std::vector<std::optional<Instant>> at(account.sends().size());
  for (const ProbeAccount::Arrival& arrival : account.arrivals()) {
    if (arrival.number < at.size() && !at[arrival.number]) at[arrival.number] = arrival.at;
  }
  return at;
}

void keep_the_longest(std::vector<ProbeGap>& gaps) {
  if (gaps.size() <= Timeline::kGapsAtMost) return;
  const auto longer = [](const ProbeGap& a, const ProbeGap& b) {
    return a.end_ms - a.begin_ms > b.end_ms - b.begin_ms;
  };
  const auto last = gaps.begin() + static_cast<std::ptrdiff_t>(Timeline::kGapsAtMost);
  std::nth_element(gaps.begin(), last, gaps.end(), longer);
  gaps.erase(last, gaps.end());
  std::sort(gaps.begin(), gaps.end(),
            [](const ProbeGap& a, const ProbeGap& b) { return a.begin_ms < b.begin_ms; });
}

std::vector<ProbeGap> gaps_of(const ProbeAccount& account, std::size_t first, Instant zero,
                              const std::vector<std::optional<Instant>>& arrived) {
  const std::vector<Instant>& sent = account.sends();
  const auto at_ms = [&](std::size_t number) { return milliseconds(sent[number] - zero); };
  std::vector<ProbeGap> gaps;
  bool open = false;
  for (std::size_t number = first; number < sent.size(); ++number) {
    if (arrived[number]) {
      if (open) gaps.back().end_ms = at_ms(number);
      open = false;
      continue;
    }
    if (!open) gaps.push_back({at_ms(number == first ? first : number - 1), 0, 0});
    open = true;
    ++gaps.back().lost;
    gaps.back().end_ms = at_ms(number);
  }
  keep_the_longest(gaps);
  return gaps;
}

double longest_ms(const std::vector<ProbeGap>& gaps) {
  double longest = 0;
  for (const ProbeGap& gap : gaps) longest = std::max(longest, gap.end_ms - gap.begin_ms);
  return longest;
}

void add_latency(const ProbeAccount& account, std::size_t first, Instant zero,
                 const std::vector<std::optional<Instant>>& arrived, Timeline& timeline) {
  const double span = std::max(kShownAtLeastMs, 2 * longest_ms(timeline.gaps));
  timeline.delay_begin_ms = std::max(timeline.begin_ms, -span / 3);
  const double end = std::min(timeline.end_ms, span);
  timeline.step_ms = std::max(1.0, std::ceil((end - timeline.delay_begin_ms) / kSteps));
  const double steps = std::ceil(std::max(0.0, end - timeline.delay_begin_ms) / timeline.step_ms);
  std::vector<std::vector<Nanos>> delays(static_cast<std::size_t>(steps));
  for (std::size_t number = first; number < arrived.size(); ++number) {
    const Instant sent = account.sends()[number];
    const double step = std::floor((milliseconds(sent - zero) - timeline.delay_begin_ms) / timeline.step_ms);
    if (!arrived[number] || step < 0 || step >= steps) continue;
    delays[static_cast<std::size_t>(step)].push_back(*arrived[number] - sent);
  }
  for (std::vector<Nanos>& step : delays) {
    const bool none = step.empty();
    timeline.delay_us_p50.push_back(none ? std::nullopt : std::optional(tenths(percentile_us(step, 0.5))));
    timeline.delay_us_max.push_back(none ? std::nullopt : std::optional(tenths(percentile_us(step, 1))));
  }
}

}  // namespace

Percentiles percentiles_of(std::vector<Nanos> values) {
  if (values.empty()) return {};
  return {values.size(), percentile_us(values, 0.5), percentile_us(values, 0.99)};
}

Percentiles delays_of(const std::vector<const ProbeAccount*>& accounts, Instant from, Instant to) {
  std::vector<Nanos> delays;
  for (const ProbeAccount* account : accounts) {
    const auto arrived = first_arrivals(*account);
    for (std::size_t number = 0; number < arrived.size(); ++number) {
      const Instant sent = account->sends()[number];
      if (arrived[number] && sent >= from && sent < to) delays.push_back(*arrived[number] - sent);
    }
  }
  return percentiles_of(std::move(delays));
}

Timeline timeline_of(const ProbeAccount& account, Instant from, Instant zero) {
  const std::vector<Instant>& sent = account.sends();
  const auto first =
      static_cast<std::size_t>(std::lower_bound(sent.begin(), sent.end(), from) - sent.begin());
  Timeline timeline;
  if (first >= sent.size()) return timeline;
  timeline.begin_ms = milliseconds(sent[first] - zero);
  timeline.end_ms = milliseconds(sent.back() - zero);
  const auto arrived = first_arrivals(account);
  timeline.gaps = gaps_of(account, first, zero, arrived);
  add_latency(account, first, zero, arrived, timeline);
  return timeline;
}

}  // namespace stillwater::rig
