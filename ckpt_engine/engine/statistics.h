// What the checkpoints of the last minute cost.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "ckpt_engine/engine/policy.h"

namespace stillwater::engine {

// The parts of one checkpoint's pause, in their order. A brownout is no part of it: forwarding runs.
struct Pause {
  Nanos request{};  // until every worker was told
  Nanos drain{};    // until the quiesced indication
  Nanos collect{};  // what was written, from the tracker
  Nanos stage{};    // its lines, into staging
  Nanos digest{};   // chunks of the live region
  Nanos resume{};   // until the last worker went on
};

// One committed checkpoint. Lines are 64 bytes.
struct Sample {
  Instant at{};  // request
  Trigger trigger = Trigger::none;
  Pause pause{};     // the blackout's parts; their sum is the blackout
  Nanos blackout{};  // request to the last worker resumed
  Nanos interval{};  // since the checkpoint before
  Nanos commit{};    // request to acknowledged
  std::uint64_t lines{};
};

struct Spread {
  double p50 = 0;
  double p99 = 0;
};

struct PauseSpread {
  Spread request_us, drain_us, collect_us, stage_us, digest_us, resume_us;
};

// What digests found, since start.
struct Digests {
  std::uint64_t rounds = 0;      // times that all of the region was compared
  std::uint64_t mismatches = 0;  // each voided a standby's copy
  std::uint64_t last_epoch = 0;  // of the last mismatch
  std::uint64_t last_offset = 0;
};

struct Summary {
  std::uint64_t checkpoints = 0;  // since start
  std::uint64_t failed = 0;
  std::string last_failure;
  Spread blackout_us, dirty_lines, interval_us, commit_us;  // over the last minute
  Digests digests;
  PauseSpread pause;  // likewise: the blackout's parts
  // Committed since start, by what asked for them; those for digests as well.
  std::array<std::uint64_t, kTriggerNames.size()> triggers{};
};

// Thread-safe.
class Statistics {
 public:
  static constexpr Nanos kWindow = 60s;
  static constexpr std::size_t kSamplesMax = 1u << 17;

  void add(const Sample& sample);
  void count(Trigger trigger);
  void add_failure(const std::string& reason);
  void add_mismatch(std::uint64_t epoch, std::uint64_t offset);
  void set_digest_rounds(std::uint64_t rounds);
  [[nodiscard]] Summary summary(Instant now) const;

 private:
  mutable std::mutex mutex_;
  std::deque<Sample> samples_;
  std::uint64_t checkpoints_ = 0;
  std::uint64_t failed_ = 0;
  std::string last_failure_;
  Digests digests_;
  std::array<std::uint64_t, kTriggerNames.size()> triggers_{};
};

}  // namespace stillwater::engine
