#include "ckpt_engine/engine/statistics.h"

#include <algorithm>
#include <iterator>
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

void Statistics::count(Trigger trigger) {
  const std::lock_guard lock(mutex_);
  ++triggers_[static_cast<std::size_t>(trigger)];
}

void Statistics::add_failure(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  ++failed_;
  last_failure_ = reason;
}

void Statistics::add_mismatch(std::uint64_t epoch, std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  ++digests_.mismatches;
  digests_.last_epoch = epoch;
  digests_.last_offset = offset;
}

void Statistics::set_digest_rounds(std::uint64_t rounds) {
  const std::lock_guard lock(mutex_);
  digests_.rounds = rounds;
}

// The replication thread adds a sample a millisecond: it waits for the copy, not for the sorting.
Summary Statistics::summary(Instant now) const {
  Summary summary;
  std::vector<Sample> samples;
  {
    const std::lock_guard lock(mutex_);
    summary.checkpoints = checkpoints_;
    summary.failed = failed_;
    summary.last_failure = last_failure_;
    summary.digests = digests_;
    summary.triggers = triggers_;
    std::ranges::copy_if(samples_, std::back_inserter(samples),
                         [&](const Sample& s) { return now - s.at <= kWindow; });
  }
  std::vector<double> values(samples.size());
  const auto spread = [&](auto value_of) {
    std::ranges::transform(samples, values.begin(), value_of);
    return spread_of(values);
  };
  const auto spread_us = [&](Nanos Pause::*part) {
    return spread([part](const Sample& s) { return microseconds(s.pause.*part); });
  };
  summary.blackout_us = spread([](const Sample& s) { return microseconds(s.blackout); });
  summary.dirty_lines = spread([](const Sample& s) { return static_cast<double>(s.lines); });
  summary.interval_us = spread([](const Sample& s) { return microseconds(s.interval); });
  summary.commit_us = spread([](const Sample& s) { return microseconds(s.commit); });
  summary.pause = {.request_us = spread_us(&Pause::request),
                   .drain_us = spread_us(&Pause::drain),
                   .collect_us = spread_us(&Pause::collect),
                   .stage_us = spread_us(&Pause::stage),
                   .digest_us = spread_us(&Pause::digest),
                   .resume_us = spread_us(&Pause::resume)};
  return summary;
}

}  // namespace stillwater::engine
