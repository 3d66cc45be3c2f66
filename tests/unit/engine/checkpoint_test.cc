// One checkpoint: the order of its steps, its groups, its brownout, and what it does to output.
#include <algorithm>

#include "tests/unit/engine/pair.h"

namespace stillwater::tests {
namespace {

std::size_t at(const Events& events, const std::string& event) {
  const auto found = std::find(events.begin(), events.end(), event);
  REQUIRE(found != events.end());
  return static_cast<std::size_t>(found - events.begin());
}

}  // namespace

TEST_CASE("Q2 Q5: quiesce, indication, copy, resume, and only then the transfer, its record last") {
  Pair pair;
  pair.sync_and_acknowledge();
  pair.write_hard(3);
  pair.events.clear();
  REQUIRE(pair.engine.checkpoint(pair.link));
  CHECK(pair.events ==
        Events{"quiesce", "indication", "collect", "resume", "group 0", "group 1", "digest", "commit"});
}

TEST_CASE("Q5: what workers write after resume is not part of the checkpoint that is being sent") {
  Pair pair;
  pair.sync_and_acknowledge();
  pair.write_hard(3);
  pair.barrier.running = [&] { pair.write_hard(5); };
  const std::uint64_t epoch = pair.epochs.current();
  REQUIRE(pair.engine.checkpoint(pair.link));
  pair.acknowledge();
  CHECK(pair.receiver.committed() == epoch);
  pair.check_standby();
  CHECK(hard_bytes(*pair.a) != hard_bytes(*pair.b));
  pair.barrier.running = nullptr;
  REQUIRE(pair.engine.checkpoint(pair.link));
  pair.acknowledge();
  CHECK(hard_bytes(*pair.a) == hard_bytes(*pair.b));
}

TEST_CASE("P1: two lines or more go in two groups or more, none larger than a group may be") {
  Pair pair({.sessions_max = 16384});
  pair.sync_and_acknowledge();
  pair.policy.brownout_bytes = 1u << 30;
  pair.engine.set_policy(pair.policy);
  for (const unsigned lines : {1u, 2u, 3u, 1023u, 1024u, 1025u, 2048u, 2049u, 5000u}) {
    CAPTURE(lines);
    pair.write_hard(lines);
    pair.clock.at += 1s;
    REQUIRE(pair.engine.checkpoint(pair.link));
    pair.acknowledge();
    pair.check_standby();
    const auto& groups = pair.link.lines_of_groups;
    CHECK(groups.size() == std::max<std::size_t>(lines > 1 ? 2 : 1, (lines + 1023) / 1024));
    std::size_t sum = 0;
    for (const std::size_t n : groups) {
      CHECK(n >= 1);
      CHECK(n <= engine::Staging::kLinesPerGroup);
      sum += n;
    }
    CHECK(sum == lines);
  }
}

TEST_CASE("a checkpoint of nothing, as an operator may ask for, is committed too") {
  Pair pair;
  pair.sync_and_acknowledge();
  const std::uint64_t before = pair.engine.committed();
  REQUIRE(pair.engine.checkpoint(pair.link));
  pair.acknowledge();
  CHECK(pair.engine.committed() == before + 1);
  CHECK(pair.receiver.committed() == before + 1);
}

TEST_CASE("M3: a line written while it is being copied appears in the next round") {
  Pair pair;
  pair.sync_and_acknowledge();
  pair.policy.brownout_bytes = 10 * region::kLineBytes;
  pair.engine.set_policy(pair.policy);
  pair.write_hard(30);
  unsigned writes = 20;
  pair.barrier.running = [&] {
    pair.write_hard(writes);
    writes = writes > 15 ? 15 : 0;
  };
  pair.events.clear();
  REQUIRE(pair.engine.checkpoint(pair.link));
  // Rounds of 30, 20 and 15 lines: two above the threshold, then nothing is left for the blackout.
  CHECK(std::count(pair.events.begin(), pair.events.end(), "quiesce") == 4);
  CHECK(at(pair.events, "group 0") > at(pair.events, "resume"));
  pair.acknowledge();
  pair.check_standby();
  CHECK(hard_bytes(*pair.a) == hard_bytes(*pair.b));
}

TEST_CASE("M4: rounds are bounded although writes never converge, and the blackout is whole") {
  Pair pair;
  pair.sync_and_acknowledge();
  pair.policy.brownout_bytes = 10 * region::kLineBytes;
  pair.engine.set_policy(pair.policy);
  pair.write_hard(50);
  pair.barrier.running = [&] { pair.write_hard(50); };
  const std::uint64_t epoch = pair.epochs.current();
  const unsigned before = pair.barrier.quiesces;
  REQUIRE(pair.engine.checkpoint(pair.link));
  CHECK(pair.barrier.quiesces == before + pair.policy.brownout_rounds_max + 1);
  pair.acknowledge();
  CHECK(pair.receiver.committed() == epoch);
  pair.check_standby();
}

TEST_CASE("output is released by the acknowledgement and by nothing before it") {
  Pair pair;
  pair.sync_and_acknowledge();
  const std::uint64_t epoch = pair.epochs.current();
  CHECK(pair.epochs.committed() == epoch - 1);
  pair.write_hard();
  REQUIRE(pair.engine.checkpoint(pair.link));
  CHECK(pair.epochs.current() == epoch + 1);
  CHECK(pair.epochs.committed() == epoch - 1);
  CHECK_FALSE(pair.engine.acknowledged({.epoch = epoch + 1, .term = 3}));
  CHECK_FALSE(pair.engine.acknowledged({.epoch = epoch - 1, .term = 3}));
  CHECK_FALSE(pair.engine.acknowledged({.epoch = epoch, .term = 4}));
  CHECK(pair.epochs.committed() == epoch - 1);
  pair.acknowledge();
  CHECK(pair.epochs.committed() == epoch);
  CHECK(pair.a->header().epoch == epoch);
  CHECK_FALSE(pair.engine.acknowledged({.epoch = epoch, .term = 3}));
}

TEST_CASE("a mark is kept until the acknowledgement of the epoch that carried it, and no longer") {
  const bool acknowledged = GENERATE(true, false);
  Pair pair;
  pair.sync_and_acknowledge();
  pair.write_hard(4);
  REQUIRE(pair.engine.checkpoint(pair.link));
  if (acknowledged) pair.acknowledge();
  pair.engine.standby_lost();
  CHECK(pair.tracker->dirty_bytes_hint() == (acknowledged ? 0 : 4 * region::kLineBytes));
}

TEST_CASE("nobody is waited for alone; a joining standby is obeyed from its blackout on") {
  Pair pair;
  CHECK(pair.epochs.committed() == CommittedEpoch::kNobodyToWaitFor);
  std::vector<std::uint64_t> waited_for;
  pair.barrier.running = [&] { waited_for.push_back(pair.epochs.committed()); };
  REQUIRE(pair.sync());
  // The stop that takes the marks releases everything still; the blackout that completes the copy does not.
  REQUIRE(waited_for.size() == 2);
  CHECK(waited_for[0] == CommittedEpoch::kNobodyToWaitFor);
  CHECK(waited_for[1] == 0);
  CHECK_FALSE(pair.engine.has_standby());
  pair.acknowledge();
  CHECK(pair.engine.has_standby());
  CHECK(pair.epochs.committed() == 1);
  pair.cut();
  CHECK(pair.epochs.committed() == CommittedEpoch::kNobodyToWaitFor);
  CHECK_FALSE(pair.engine.has_standby());
}

TEST_CASE("what a checkpoint cost is measured from its request to the last worker resumed") {
  Pair pair;
  pair.sync_and_acknowledge();
  const std::uint64_t before = pair.engine.statistics().summary(pair.clock.at).checkpoints;
  pair.write_hard(7);
  REQUIRE(pair.engine.checkpoint(pair.link));
  pair.clock.at += 90us;
  pair.acknowledge();
  const engine::Summary summary = pair.engine.statistics().summary(pair.clock.at);
  CHECK(summary.checkpoints == before + 1);
  CHECK(summary.blackout_us.p50 == 10);
  CHECK(summary.commit_us.p99 <= 100);
  CHECK(summary.dirty_lines.p50 <= 7);
}

TEST_CASE("the pause is the sum of its named parts, and a brownout is no part of it") {
  Pair pair;
  pair.sync_and_acknowledge();
  pair.policy.brownout_bytes = 10 * region::kLineBytes;
  pair.engine.set_policy(pair.policy);
  pair.write_hard(50);
  pair.barrier.telling = 3us;
  pair.clock.tick = 1us;
  const Instant before = pair.clock.at;
  REQUIRE(pair.engine.checkpoint(pair.link));
  pair.acknowledge();
  const engine::Sample& sample = pair.engine.last_sample();
  CHECK(sample.at - before >= 15us);  // the brownout: one stop, and its copy
  CHECK(sample.pause.request == 3us);
  CHECK(sample.pause.drain == 11us);
  CHECK(sample.pause.collect == 1us);
  CHECK(sample.pause.stage == 1us);
  CHECK(sample.pause.digest >= pair.policy.digest_budget);
  const engine::Pause& p = sample.pause;
  CHECK(p.request + p.drain + p.collect + p.stage + p.digest + p.resume == sample.blackout);
}

}  // namespace stillwater::tests
