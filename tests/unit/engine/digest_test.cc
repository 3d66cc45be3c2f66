// Digests: a byte that changed and that no checkpoint carried is found, and the wrong copy leads nobody.
#include <algorithm>

#include "tests/unit/engine/pair.h"
#include "tests/unit/engine/tracked.h"

namespace stillwater::tests {
namespace {

using engine::Digester;

std::uint64_t any_hard_offset(const region::Region& region, Random& random) {
  return region::kDataOffset + below(random, region.soft_begin() - region::kDataOffset);
}

// As a bug, or broken memory, would: no mark.
void flip_a_bit(region::Region& region, std::uint64_t offset) { region.base()[offset] ^= std::byte{0x20}; }

bool covers(const wire::Abort& abort, std::uint64_t offset) {
  return abort.offset <= offset && offset < abort.offset + abort.bytes;
}

std::uint64_t chunks_in(const region::Region& region) {
  return (region.soft_begin() - region::kDataOffset) / Digester::kChunkBytes;
}

// Each checkpoint digests about `chunks`: a look at the clock takes a microsecond.
void digest_a_few(Pair& pair, unsigned chunks) {
  pair.clock.tick = 1us;
  pair.policy.digest_budget = Nanos(chunks * 1us);
  pair.engine.set_policy(pair.policy);
}

}  // namespace

TEST_CASE("one byte changed without a mark is found by the digest: the copy is void, and filled anew") {
  for_seeds(40, [](Random& random) {
    Pair pair;
    pair.work(random, 100);
    pair.sync_and_acknowledge();
    const bool on_the_standby = one_in(random, 3);
    const std::uint64_t offset = any_hard_offset(*pair.a, random);
    flip_a_bit(on_the_standby ? *pair.b : *pair.a, offset);

    std::optional<wire::Abort> abort;
    const std::uint64_t epoch = pair.epochs.current();
    abort = pair.checkpoint_and_answer();
    REQUIRE(abort);
    CHECK(abort->reason == wire::AbortReason::digest_mismatch);
    CHECK(abort->epoch == epoch);
    CHECK(covers(*abort, offset));
    CHECK_FALSE(pair.receiver.in_sync());
    pair.check_standby();  // it holds nothing
    const engine::Digests found = pair.engine.statistics().summary(pair.clock.at).digests;
    CHECK(found.mismatches == 1);
    CHECK(found.last_epoch == epoch);
    CHECK(found.last_offset == abort->offset);
    CHECK_FALSE(pair.engine.has_standby());
    CHECK(pair.engine.mirror().state() == engine::MirrorState::tracking);
    CHECK(pair.engine.due(pair.clock.at + 10s, true) == engine::Trigger::none);

    REQUIRE(pair.sync());  // on the same connection
    pair.acknowledge();
    CHECK(pair.receiver.committed() == epoch + 1);
    pair.check_standby();
    CHECK(data_bytes(*pair.a) == data_bytes(*pair.b));
    CHECK_FALSE(pair.checkpoint_and_answer());
  });
}

TEST_CASE("without digests a byte changed without a mark stays unseen by marks") {
  Random random(Catch::rngSeed());
  Pair pair;
  pair.policy.digest_budget = 0us;
  pair.engine.set_policy(pair.policy);
  pair.sync_and_acknowledge();
  flip_a_bit(*pair.a, any_hard_offset(*pair.a, random));
  for (int i = 0; i < 20; ++i) REQUIRE_FALSE(pair.checkpoint_and_answer());
  CHECK(pair.link.digests.empty());
  CHECK(hard_bytes(*pair.a) != hard_bytes(*pair.b));
}

TEST_CASE("a blackout digests as many chunks as fit its budget, and all come round in order") {
  Pair pair({.sessions_max = 4096});
  pair.sync_and_acknowledge();
  digest_a_few(pair, 3);
  const std::uint64_t chunks = chunks_in(*pair.a);
  REQUIRE(chunks > 30);
  const std::uint64_t rounds = pair.engine.statistics().summary(pair.clock.at).digests.rounds;
  std::vector<std::uint64_t> offsets;
  while (offsets.size() < 2 * chunks) {
    const std::size_t sent = offsets.size();
    REQUIRE_FALSE(pair.checkpoint_and_answer());
    for (const wire::ChunkDigest& c : pair.link.digests) {
      CHECK(c.chunk.line_count * region::kLineBytes == Digester::kChunkBytes);
      offsets.push_back(std::uint64_t{c.chunk.first_line} * region::kLineBytes);
    }
    REQUIRE(offsets.size() > sent);
    REQUIRE(pair.link.digests.size() <= 4);
    CHECK(pair.engine.last_sample().pause.digest <= pair.policy.digest_budget + 3us);  // three looks more
  }
  for (std::size_t i = 1; i < offsets.size(); ++i) {
    const std::uint64_t next = offsets[i - 1] + Digester::kChunkBytes;
    CHECK(offsets[i] == (next == pair.a->soft_begin() ? region::kDataOffset : next));
  }
  CHECK(pair.engine.statistics().summary(pair.clock.at).digests.rounds - rounds >= 1);
}

TEST_CASE("chunks of an epoch that was given up are digested again") {
  Pair pair({.sessions_max = 4096});
  pair.sync_and_acknowledge();
  digest_a_few(pair, 3);
  REQUIRE_FALSE(pair.checkpoint_and_answer());
  const wire::ChunkDigest last = pair.link.digests.back();
  pair.barrier.times_out = true;
  REQUIRE_FALSE(pair.engine.checkpoint(pair.link));
  pair.barrier.times_out = false;
  REQUIRE_FALSE(pair.checkpoint_and_answer());
  CHECK(pair.link.digests.front().chunk.first_line == last.chunk.first_line + last.chunk.line_count);
}

TEST_CASE("on an idle region the digests go round at their own slow pace, and find what is wrong") {
  Random random(Catch::rngSeed());
  Pair pair({.sessions_max = 4096});
  pair.sync_and_acknowledge();
  digest_a_few(pair, 2);
  pair.clock.tick = 0ns;
  const Instant taken = pair.engine.last_taken();
  CHECK(pair.engine.due(taken + pair.policy.digest_interval - 1ns, false) == engine::Trigger::none);
  CHECK(pair.engine.due(taken + pair.policy.digest_interval, false) == engine::Trigger::digest);
  const std::uint64_t before = pair.engine.statistics().summary(pair.clock.at).checkpoints;

  flip_a_bit(*pair.a, any_hard_offset(*pair.a, random));
  pair.clock.tick = 1us;
  std::optional<wire::Abort> abort;
  for (std::uint64_t i = 0; !abort; ++i) {
    REQUIRE(i <= chunks_in(*pair.a));
    pair.clock.at += pair.policy.digest_interval;
    REQUIRE(pair.engine.due(pair.clock.at, false) == engine::Trigger::digest);
    abort = pair.checkpoint_and_answer();
  }
  // They are no checkpoints of anything, so that they do not water down what checkpoints cost.
  CHECK(pair.engine.statistics().summary(pair.clock.at).checkpoints == before);
}

TEST_CASE("digests raise no false alarm, whatever is written, fails, and is resynced, under every tracker") {
  const std::string tracker = GENERATE(from_range(usable_trackers()));
  INFO("tracker " << tracker);
  for_seeds(20, [&](Random& random) {
    Pair pair({.staging_bytes = 64 << 10, .sessions_max = 1024, .tracker = tracker});
    if (one_in(random, 2)) pair.policy.brownout_bytes = below(random, 4000);
    pair.policy.digest_budget = Nanos(below(random, 8) * 1us);
    pair.clock.tick = 1us;
    pair.engine.set_policy(pair.policy);
    pair.barrier.running = [&] {
      if (one_in(random, 3)) pair.work(random, 5);
    };
    pair.work(random, 200);
    pair.sync_and_acknowledge();
    for (int i = 0; i < 40; ++i) {
      pair.work(random, static_cast<unsigned>(below(random, 40)));
      pair.barrier.times_out = one_in(random, 8);
      pair.logged_tracker.fails = one_in(random, 8);
      if (one_in(random, 8)) pair.link.breaks_at = pair.link.sends + below(random, 5);
      const Status taken = pair.engine.checkpoint(pair.link);
      pair.barrier.times_out = pair.logged_tracker.fails = false;
      pair.acknowledge();  // no abort
      if (pair.link.breaks_at != ~std::uint64_t{0}) {
        pair.link.breaks_at = ~std::uint64_t{0};
        pair.cut();
        pair.check_standby();
        pair.sync_and_acknowledge();
      }
      if (taken) pair.check_standby();
    }
  });
}

TEST_CASE("whatever changes without a mark, the copy is right or void once the digests went round") {
  for_seeds(20, [](Random& random) {
    Pair pair({.sessions_max = 1024});
    pair.sync_and_acknowledge();
    digest_a_few(pair, 1 + static_cast<unsigned>(below(random, 4)));
    const region::Root ports = pair.a->root("nat.0");
    std::uint64_t aborts = 0;
    for (int i = 0; i < 10; ++i) {
      // Where the worker reads nothing that leads it astray: which ports are taken.
      if (one_in(random, 2)) flip_a_bit(*pair.a, ports.offset + below(random, ports.bytes));
      for (std::uint64_t left = chunks_in(*pair.a); left > 0; --left) {
        pair.work(random, 3);
        if (!pair.checkpoint_and_answer()) continue;
        ++aborts;
        REQUIRE_FALSE(pair.receiver.in_sync());
        pair.sync_and_acknowledge();
      }
      REQUIRE(hard_bytes(*pair.a) == hard_bytes(*pair.b));
    }
    CHECK(pair.engine.statistics().summary(pair.clock.at).digests.mismatches == aborts);
  });
}

TEST_CASE("the last checkpoint of a planned stop carries no digest: nobody could act on it") {
  Pair pair;
  pair.sync_and_acknowledge();
  pair.write_hard();
  pair.events.clear();
  pair.link.may_send_quiesced = true;
  REQUIRE(pair.engine.final_checkpoint(pair.link));
  CHECK(std::ranges::count(pair.events, "digest") == 0);
}

TEST_CASE("an abort of an epoch that does not wait, or for no known reason, is refused and changes nothing") {
  Pair pair;
  pair.sync_and_acknowledge();
  const std::uint64_t epoch = pair.epochs.current();
  wire::Abort abort{.epoch = epoch,
                    .term = 3,
                    .offset = region::kDataOffset,
                    .bytes = 64,
                    .reason = wire::AbortReason::digest_mismatch,
                    .reserved = 0};
  const auto refused = [&](wire::Abort a) {
    const Status done = pair.engine.aborted(a);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == Errc::protocol);
    CHECK(pair.engine.has_standby());
  };
  refused(abort);  // nothing was shipped
  REQUIRE(pair.engine.checkpoint(pair.link));
  for (const auto change : {+[](wire::Abort& a) { --a.epoch; }, +[](wire::Abort& a) { ++a.epoch; },
                            +[](wire::Abort& a) { ++a.term; },
                            +[](wire::Abort& a) { a.reason = static_cast<wire::AbortReason>(77); }}) {
    wire::Abort changed = abort;
    change(changed);
    refused(changed);
  }
  pair.acknowledge();
  CHECK(pair.engine.committed() == epoch);
}

TEST_CASE("blackouts that follow each other closely have digests no oftener than their interval says") {
  Pair pair;
  pair.policy.digest_min_interval = 1ms;
  pair.engine.set_policy(pair.policy);
  pair.clock.at += 1s;
  pair.sync_and_acknowledge();
  const auto digests_of_next = [&] {
    pair.link.digests.clear();
    pair.write_hard(1);
    REQUIRE(pair.engine.checkpoint(pair.link));
    pair.acknowledge();
    return pair.link.digests.size();
  };
  CHECK(digests_of_next() == 0);
  pair.clock.at += 1ms;
  CHECK(digests_of_next() > 0);
  CHECK(digests_of_next() == 0);
  pair.check_standby();
}

}  // namespace stillwater::tests
