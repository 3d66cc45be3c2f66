#include "ckpt_engine/engine/statistics.h"

#include <algorithm>
#include <vector>

namespace stillwater::engine {
namespace {

Spread spread_of(std::vector<double>& values) {
  if (values.empty()) return {};
  const auto percentile = [&](double p) {
    auto at = values.begin() + static_cast<std::ptrdiff_t>(p * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), at, values.end());
    return *at;
  };
  return {percentile(0.50), percentile(0.99)};
}

}  // namespace

void Statistics::add(const Sample& sample) {
  const std::lock_guard lock(mutex_);
  ++checkpoints_;
  samples_.push_back(sample);
  while (samples_.size() > kSamplesMax || sample.at - samples_.front().at > kWindow) samples_.pop_front();
}

void Statistics::add_failure(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  ++failed_;
  last_failure_ = reason;
}

Summary Statistics::summary(Instant now) const {
  std::vector<double> blackout, lines, interval, commit;
  Summary summary;
  {
    const std::lock_guard lock(mutex_);
    summary.checkpoints = checkpoints_;
    summary.failed = failed_;
    summary.last_failure = last_failure_;
    for (const Sample& s : samples_) {
      if (now - s.at > kWindow) continue;
      blackout.push_back(microseconds(s.blackout));
      lines.push_back(static_cast<double>(s.lines));
      interval.push_back(microseconds(s.interval));
      commit.push_back(microseconds(s.commit));
    }
  }
  summary.blackout_us = spread_of(blackout);
  summary.dirty_lines = spread_of(lines);
  summary.interval_us = spread_of(interval);
  summary.commit_us = spread_of(commit);
  return summary;
}

}  // namespace stillwater::engine
