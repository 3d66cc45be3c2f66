// Whatever fails between two steps, the standby is one whole epoch and the active loses nothing.
#include "tests/unit/engine/pair.h"
#include "tests/unit/engine/tracked.h"

namespace stillwater::tests {
namespace {

// Fails once, at one place drawn at random, and goes on until both sides agree again.
void fail_somewhere(Pair& pair, Random& random) {
  pair.work(random, static_cast<unsigned>(below(random, 40)));
  pair.clock.at += 1s;
  switch (below(random, 6)) {
    case 0: {  // workers that do not drain
      pair.barrier.times_out = true;
      const Snapshot before = hard_bytes(*pair.b);
      REQUIRE_FALSE(pair.engine.checkpoint(pair.link));
      pair.barrier.times_out = false;
      REQUIRE(hard_bytes(*pair.b) == before);
      return;
    }
    case 1:  // the connection breaks somewhere in the shipment
      pair.link.breaks_at = pair.link.sends + below(random, 4);
      pair.link.delivers_of_last = below(random, 3000);
      if (pair.engine.checkpoint(pair.link)) pair.acknowledge();
      break;
    case 2:  // the acknowledgement is lost
      REQUIRE(pair.engine.checkpoint(pair.link));
      break;
    default:
      REQUIRE(pair.engine.checkpoint(pair.link));
      pair.acknowledge();
      pair.check_standby();
      return;
  }
  pair.cut();
  pair.check_standby();
  pair.work(random, static_cast<unsigned>(below(random, 10)));
  pair.link.breaks_at = ~std::uint64_t{0};
  pair.receiver.connected();
  if (one_in(random, 3)) {  // and the sync that follows breaks as well
    pair.link.breaks_at = pair.link.sends + below(random, 5);
    pair.link.delivers_of_last = below(random, 3000);
    if (pair.sync()) pair.acknowledge();
    pair.cut();
    pair.check_standby();
    pair.link.breaks_at = ~std::uint64_t{0};
  }
  pair.sync_and_acknowledge();
  pair.check_standby();
}

}  // namespace

TEST_CASE("P7 M7: under random work and random failures the standby is always a whole epoch") {
  const std::string tracker = GENERATE(from_range(usable_trackers()));
  INFO("tracker " << tracker);
  for_seeds(60, [&](Random& random) {
    Pair pair({.tracker = tracker});
    if (one_in(random, 2)) pair.policy.brownout_bytes = below(random, 4000);
    pair.engine.set_policy(pair.policy);
    pair.barrier.running = [&] {
      if (one_in(random, 3)) pair.work(random, 5);
    };
    pair.work(random, 100);
    pair.sync_and_acknowledge();
    for (int i = 0; i < 30; ++i) fail_somewhere(pair, random);
    pair.barrier.running = nullptr;
    REQUIRE(pair.engine.checkpoint(pair.link));
    pair.acknowledge();
    REQUIRE(hard_bytes(*pair.a) == hard_bytes(*pair.b));
  });
}

TEST_CASE("P7: a connection that breaks at any send, at either end of the frame, leaves a whole epoch") {
  for (const std::size_t delivered : {std::size_t{0}, std::size_t{30}, std::size_t{1} << 20}) {
    bool whole = false;
    for (std::uint64_t k = 0; !whole; ++k) {
      CAPTURE(k, delivered);
      REQUIRE(k < 100);
      Random random(Catch::rngSeed());
      Pair pair;
      pair.policy.brownout_bytes = 4 * region::kLineBytes;
      pair.engine.set_policy(pair.policy);
      pair.sync_and_acknowledge();
      pair.work(random, 60);
      pair.barrier.running = [&] { pair.work(random, 2); };
      const std::uint64_t before = pair.receiver.committed();
      pair.link.breaks_at = pair.link.sends + k;
      pair.link.delivers_of_last = delivered;
      whole = pair.engine.checkpoint(pair.link).has_value();
      const bool record_arrived = pair.link.take_acks().size() == 1;
      pair.cut();
      pair.check_standby();
      REQUIRE(pair.receiver.committed() == before + (record_arrived ? 1 : 0));
      pair.barrier.running = nullptr;
      pair.link.breaks_at = ~std::uint64_t{0};
      pair.sync_and_acknowledge();
      REQUIRE(hard_bytes(*pair.a) == hard_bytes(*pair.b));
    }
  }
}

TEST_CASE("Q8: workers that never drain: the standby is untouched, the reason is told, nothing is lost") {
  Pair pair;
  pair.sync_and_acknowledge();
  pair.write_hard(3);
  const Snapshot before = all_bytes(*pair.b);
  const std::uint64_t epoch = pair.epochs.current();
  pair.barrier.times_out = true;
  const std::uint64_t sends = pair.link.sends;
  pair.clock.at += 1s;
  const Status done = pair.engine.checkpoint(pair.link);
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Errc::timed_out);
  CHECK(done.error().message == "worker 0 holds 3 packets inside");
  CHECK(pair.engine.statistics().summary(pair.clock.at).failed == 1);
  CHECK(pair.engine.statistics().summary(pair.clock.at).last_failure == done.error().message);
  CHECK(pair.link.sends == sends);
  CHECK(all_bytes(*pair.b) == before);
  CHECK(pair.epochs.current() == epoch);

  pair.barrier.times_out = false;
  pair.clock.at += 1s;
  CHECK(pair.engine.due(pair.clock.at, false) == engine::Trigger::interval);
  REQUIRE(pair.engine.checkpoint(pair.link));
  pair.acknowledge();
  CHECK(pair.receiver.committed() == epoch);
  CHECK(hard_bytes(*pair.a) == hard_bytes(*pair.b));
}

TEST_CASE("Q8: an epoch whose brownout was shipped is finished although nothing more is written") {
  Pair pair;
  pair.sync_and_acknowledge();
  pair.policy.brownout_bytes = 0;
  pair.policy.brownout_rounds_max = 1;
  pair.engine.set_policy(pair.policy);
  pair.write_hard(3);
  pair.epochs.ask_for_checkpoint();
  pair.clock.at += 1s;
  pair.barrier.running = [&] { pair.barrier.times_out = true; };  // after the brownout's stop
  const Snapshot before = hard_bytes(*pair.b);
  REQUIRE_FALSE(pair.engine.checkpoint(pair.link));
  pair.barrier.running = nullptr;
  pair.barrier.times_out = false;
  pair.clock.at += 1s;
  CHECK(pair.engine.due(pair.clock.at, false) == engine::Trigger::held_output);
  SECTION("by the next checkpoint") {
    REQUIRE(pair.engine.checkpoint(pair.link));
    pair.acknowledge();
    pair.check_standby();
    CHECK(hard_bytes(*pair.a) == hard_bytes(*pair.b));
  }
  SECTION("or undone, if the active is lost instead") {
    pair.receiver.disconnected();
    CHECK(hard_bytes(*pair.b) == before);
  }
}

TEST_CASE("a tracker that cannot say what was written: no checkpoint, workers go on, and nothing is lost") {
  Pair pair;
  pair.sync_and_acknowledge();
  pair.write_hard(10);
  if (GENERATE(true, false)) {
    pair.policy.brownout_bytes = 0;
    pair.engine.set_policy(pair.policy);
  }
  const std::uint64_t sends = pair.link.sends;
  pair.logged_tracker.fails = true;
  const Status done = pair.engine.checkpoint(pair.link);
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Errc::io);
  CHECK_FALSE(pair.barrier.quiesced);
  CHECK(pair.link.sends == sends);

  pair.logged_tracker.fails = false;
  REQUIRE(pair.engine.checkpoint(pair.link));
  pair.acknowledge();
  CHECK(hard_bytes(*pair.a) == hard_bytes(*pair.b));
}

TEST_CASE("more lines than staging holds: aborted before a byte is sent, then carried in portions") {
  Pair pair({.staging_bytes = 16 << 10, .sessions_max = 4096});
  pair.sync_and_acknowledge();
  pair.write_hard(100);
  pair.barrier.running = [&] { pair.barrier.running = nullptr; };
  // All at once between the brownout's look and the blackout.
  bool first = true;
  pair.barrier.at_boundary = [&, snapshot = pair.barrier.at_boundary] {
    if (first) pair.write_hard(1000);
    first = false;
    snapshot();
  };
  const std::uint64_t sends = pair.link.sends;
  const std::uint64_t epoch = pair.epochs.current();
  const Status done = pair.engine.checkpoint(pair.link);
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Errc::resource_exhausted);
  CHECK(pair.link.sends == sends);
  CHECK(pair.epochs.current() == epoch);
  CHECK(pair.receiver.committed() == epoch - 1);

  pair.clock.at += 1s;
  REQUIRE(pair.engine.checkpoint(pair.link));
  pair.acknowledge();
  CHECK(pair.receiver.committed() == epoch);
  pair.check_standby();
  CHECK(hard_bytes(*pair.a) == hard_bytes(*pair.b));
}

TEST_CASE("an epoch's number is not used again once its commit record was sent, lost or not") {
  for (const std::size_t delivered : {std::size_t{0}, std::size_t{1000}}) {
    Pair pair;
    pair.sync_and_acknowledge();
    pair.write_hard(2);
    const std::uint64_t epoch = pair.epochs.current();
    pair.link.breaks_at = pair.link.sends + 3;  // two groups, a digest, then the record
    pair.link.delivers_of_last = delivered;
    REQUIRE_FALSE(pair.engine.checkpoint(pair.link));
    pair.cut();
    CHECK(pair.link.commit_records.contains(epoch));
    CHECK(pair.receiver.committed() == (delivered == 0 ? epoch - 1 : epoch));
    CHECK(pair.engine.committed() == epoch);
    pair.sync_and_acknowledge();
    CHECK(pair.receiver.committed() == epoch + 1);
    CHECK(hard_bytes(*pair.a) == hard_bytes(*pair.b));
  }
}

TEST_CASE("M7: the active goes on without its standby, and a new one is filled with everything") {
  Random random(Catch::rngSeed());
  Pair pair;
  pair.sync_and_acknowledge();
  pair.work(random, 50);
  pair.cut();
  pair.work(random, 50);
  CHECK(pair.epochs.committed() == CommittedEpoch::kNobodyToWaitFor);
  pair.sync_and_acknowledge();
  CHECK(hard_bytes(*pair.a) == hard_bytes(*pair.b));
  CHECK(data_bytes(*pair.a) == data_bytes(*pair.b));
}

TEST_CASE("M5: after a first sync both sides are byte-identical outside protected memory") {
  for_seeds(10, [](Random& random) {
    Pair pair({.staging_bytes = 64 << 10, .sessions_max = 4096});
    std::memset(pair.a->profile_page().data(), 0xaa, 100);
    std::memset(pair.b->profile_page().data(), 0xbb, 100);
    pair.work(random, 500);
    pair.barrier.running = [&] { pair.work(random, 20); };
    REQUIRE(pair.engine.first_sync(pair.link, [&](std::uint64_t) {
      pair.work(random, 5);  // forwarding runs meanwhile
    }));
    pair.barrier.running = nullptr;
    pair.acknowledge();
    pair.check_standby();
    REQUIRE(pair.b->header().region_id == kOurRegion);
    REQUIRE(pair.b->header().term == 3);
    REQUIRE(pair.b->profile_page()[0] == std::byte{0xbb});
    pair.worker.marks.soft->clear();
    REQUIRE(pair.engine.checkpoint(pair.link));
    pair.acknowledge();
    REQUIRE(hard_bytes(*pair.a) == hard_bytes(*pair.b));
  });
}

TEST_CASE("D8: each side's protected memory is as it was after every checkpoint") {
  Random random(Catch::rngSeed());
  Pair pair;
  std::memset(pair.a->profile_page().data(), 0xaa, region::kPageBytes);
  std::memset(pair.b->profile_page().data(), 0xbb, region::kPageBytes);
  pair.sync_and_acknowledge();
  for (int i = 0; i < 20; ++i) {
    pair.work(random, 30);
    REQUIRE(pair.engine.checkpoint(pair.link));
    pair.acknowledge();
    const auto profile = [](const region::Region& r) {
      return bytes_of(r, region::kProfileOffset, region::kDataOffset);
    };
    REQUIRE(profile(*pair.a) == Snapshot(region::kPageBytes, std::byte{0xaa}));
    REQUIRE(profile(*pair.b) == Snapshot(region::kPageBytes, std::byte{0xbb}));
  }
}

TEST_CASE("M7: nothing is promoted while the first sync is incomplete: a partial copy is empty") {
  Random random(Catch::rngSeed());
  for (std::uint64_t k = 0; k < 4; ++k) {
    CAPTURE(k);
    Pair pair;
    pair.work(random, 100);
    pair.receiver.connected();
    pair.link.breaks_at = k;
    REQUIRE_FALSE(pair.sync());
    CHECK_FALSE(pair.receiver.in_sync());
    pair.cut();
    pair.check_standby();
    pair.link.breaks_at = ~std::uint64_t{0};
    pair.sync_and_acknowledge();
    CHECK(hard_bytes(*pair.a) == hard_bytes(*pair.b));
  }
}

}  // namespace stillwater::tests
