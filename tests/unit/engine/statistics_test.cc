// What the checkpoints of the last minute cost.
#include "ckpt_engine/engine/statistics.h"

#include <algorithm>

#include "tests/unit/region/world.h"

namespace stillwater::tests {
namespace {

using engine::Sample;
using engine::Statistics;
using engine::Summary;

}  // namespace

TEST_CASE("percentiles are those of the samples, in whatever order they came") {
  Statistics statistics;
  std::vector<int> values(101);
  for (int i = 0; i <= 100; ++i) values[static_cast<std::size_t>(i)] = i;
  std::shuffle(values.begin(), values.end(), Random(Catch::rngSeed()));
  for (const int v : values)
    statistics.add({.at = 1s,
                    .pause = {.request = v * 1us,
                              .drain = v * 2us,
                              .collect = v * 3us,
                              .stage = v * 4us,
                              .digest = v * 5us,
                              .resume = v * 6us},
                    .blackout = v * 1us,
                    .interval = v * 1ms,
                    .commit = v * 2us,
                    .lines = static_cast<std::uint64_t>(v) * 10});
  const Summary summary = statistics.summary(2s);
  CHECK(summary.checkpoints == 101);
  CHECK(summary.blackout_us.p50 == 50);
  CHECK(summary.blackout_us.p99 == 99);
  CHECK(summary.interval_us.p50 == 50'000);
  CHECK(summary.commit_us.p99 == 198);
  CHECK(summary.dirty_lines.p50 == 500);
  CHECK(summary.pause.request_us.p50 == 50);
  CHECK(summary.pause.drain_us.p50 == 100);
  CHECK(summary.pause.collect_us.p50 == 150);
  CHECK(summary.pause.stage_us.p50 == 200);
  CHECK(summary.pause.digest_us.p50 == 250);
  CHECK(summary.pause.resume_us.p99 == 594);
}

TEST_CASE("the spread is the last minute's, the counts are since start") {
  Statistics statistics;
  statistics.add({.at = 10s, .blackout = 1000us, .lines = 1});
  statistics.add({.at = 50s, .blackout = 10us, .lines = 1});
  CHECK(statistics.summary(60s).blackout_us.p50 == 10);
  CHECK(statistics.summary(71s).blackout_us.p99 == 10);
  CHECK(statistics.summary(200s).blackout_us.p99 == 0);
  CHECK(statistics.summary(200s).checkpoints == 2);
}

TEST_CASE("one sample is its own spread, and failures keep their last reason") {
  Statistics statistics;
  CHECK(statistics.summary(1s).blackout_us.p99 == 0);
  statistics.add({.at = 1s, .blackout = 7us, .lines = 1});
  statistics.add_failure("first");
  statistics.add_failure("second");
  const Summary summary = statistics.summary(1s);
  CHECK(summary.blackout_us.p50 == 7);
  CHECK(summary.blackout_us.p99 == 7);
  CHECK(summary.failed == 2);
  CHECK(summary.last_failure == "second");
}

}  // namespace stillwater::tests
