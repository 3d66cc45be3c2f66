// Soft lines: on an interval and a budget of their own, never in a blackout.
#include <algorithm>

#include "tests/unit/engine/pair.h"

namespace stillwater::tests {
namespace {

struct SoftPair : Pair {
  SoftPair() {
    sync_and_acknowledge();
    REQUIRE(engine.ship_soft_if_due(link, clock.at));  // the interval begins anew
    link.soft_bytes = 0;
    events.clear();
  }
  void count() {
    for (std::size_t i = 0; i < 16; ++i) worker.counters.add(worker.turn, i, 1);
  }
  bool soft_is_equal() const {
    return bytes_of(*a, a->soft_begin(), a->size()) == bytes_of(*b, b->soft_begin(), b->size());
  }
  bool stopped() const { return std::find(events.begin(), events.end(), "quiesce") != events.end(); }
};

}  // namespace

TEST_CASE("soft lines wait for their interval, then reach the standby without an epoch") {
  SoftPair pair;
  pair.count();
  REQUIRE(pair.engine.ship_soft_if_due(pair.link, pair.clock.at));
  CHECK(pair.events.empty());
  CHECK_FALSE(pair.soft_is_equal());
  const std::uint64_t committed = pair.receiver.committed();
  pair.clock.at += pair.policy.soft_interval;
  REQUIRE(pair.engine.ship_soft_if_due(pair.link, pair.clock.at));
  CHECK(pair.soft_is_equal());
  CHECK(pair.receiver.committed() == committed);
  CHECK(std::find(pair.events.begin(), pair.events.end(), "collect") == pair.events.end());
}

TEST_CASE("a blackout carries no soft line; the next soft shipment carries what it set aside") {
  SoftPair pair;
  pair.count();
  pair.write_hard();
  pair.clock.at += pair.policy.soft_interval;
  REQUIRE(pair.engine.checkpoint(pair.link));
  CHECK(pair.link.lines_of_groups == std::vector<std::size_t>{1});
  CHECK(pair.link.soft_bytes == 0);
  CHECK_FALSE(pair.soft_is_equal());
  pair.acknowledge();
  pair.events.clear();
  REQUIRE(pair.engine.ship_soft_if_due(pair.link, pair.clock.at));
  CHECK(pair.soft_is_equal());
  CHECK_FALSE(pair.stopped());
}

TEST_CASE("soft lines are shipped although hard lines are dirty whenever they are due") {
  SoftPair pair;
  for (int i = 0; i < 10; ++i) {
    pair.count();
    pair.write_hard();
    pair.clock.at += pair.policy.soft_interval;
    REQUIRE(pair.engine.ship_soft_if_due(pair.link, pair.clock.at));
    REQUIRE(pair.engine.checkpoint(pair.link));
    pair.acknowledge();
    REQUIRE(pair.engine.ship_soft_if_due(pair.link, pair.clock.at));
    REQUIRE(pair.soft_is_equal());
  }
  CHECK(std::count(pair.events.begin(), pair.events.end(), "quiesce") == 10);  // the checkpoints' alone
}

TEST_CASE("soft lines beyond the budget come with the next interval") {
  SoftPair pair;
  pair.policy.soft_bytes = 3 * region::kLineBytes;
  pair.engine.set_policy(pair.policy);
  Random random(Catch::rngSeed());
  for (int i = 0; i < 8; ++i)
    pair.worker.neighbours.learn(pair.worker.turn, 0, IpAddress::v4(static_cast<std::uint32_t>(random())),
                                 {});
  unsigned shipments = 0;
  while (!pair.soft_is_equal() && shipments < 20) {
    pair.clock.at += pair.policy.soft_interval;
    const std::uint64_t before = pair.link.soft_bytes;
    REQUIRE(pair.engine.ship_soft_if_due(pair.link, pair.clock.at));
    // Two groups at most here: each has a header, and each line an extent at most.
    REQUIRE(pair.link.soft_bytes - before <= 3 * (region::kLineBytes + 8) + 2 * 16);
    ++shipments;
  }
  CHECK(pair.soft_is_equal());
  CHECK(shipments > 1);
}

TEST_CASE("workers that do not stop are not asked again for soft lines before the next interval") {
  SoftPair pair;
  pair.count();
  pair.clock.at += pair.policy.soft_interval;
  pair.barrier.times_out = true;
  const unsigned before = pair.barrier.quiesces;
  for (int i = 0; i < 10; ++i) REQUIRE(pair.engine.ship_soft_if_due(pair.link, pair.clock.at));
  CHECK(pair.barrier.quiesces == before + 1);
  pair.barrier.times_out = false;
  pair.clock.at += pair.policy.soft_interval;
  REQUIRE(pair.engine.ship_soft_if_due(pair.link, pair.clock.at));
  CHECK(pair.soft_is_equal());
}

TEST_CASE("the last checkpoint of a planned stop ships everything, and the workers stay stopped") {
  for_seeds(20, [](Random& random) {
    Pair pair({.staging_bytes = 16 << 10, .sessions_max = 4096});
    pair.sync_and_acknowledge();
    pair.policy.soft_bytes = 2 * region::kLineBytes;
    pair.engine.set_policy(pair.policy);
    const auto traffic = [&] {
      pair.work(random, 1 + static_cast<unsigned>(below(random, 400)));
      pair.clock.at += pair.policy.soft_interval;
    };
    traffic();
    REQUIRE(pair.engine.checkpoint(pair.link));  // sets soft lines aside that nobody has taken yet
    pair.acknowledge();
    traffic();
    const std::uint64_t epoch = pair.epochs.current();
    pair.link.may_send_quiesced = true;
    REQUIRE(pair.engine.final_checkpoint(pair.link));
    CHECK(pair.barrier.quiesced);
    CHECK(pair.events.back() == "commit");
    pair.acknowledge();
    REQUIRE(pair.receiver.committed() == epoch);
    REQUIRE(data_bytes(*pair.a) == data_bytes(*pair.b));
  });
}

TEST_CASE("a planned stop whose workers do not stop leaves them running, and nothing is lost") {
  SoftPair pair;
  pair.write_hard(3);
  pair.barrier.times_out = true;
  CHECK_FALSE(pair.engine.final_checkpoint(pair.link));
  CHECK_FALSE(pair.barrier.quiesced);
  pair.barrier.times_out = false;
  REQUIRE(pair.engine.checkpoint(pair.link));
  pair.acknowledge();
  CHECK(hard_bytes(*pair.a) == hard_bytes(*pair.b));
}

TEST_CASE("the stop for soft lines is not measured as a checkpoint's blackout") {
  SoftPair pair;
  pair.write_hard();
  REQUIRE(pair.engine.checkpoint(pair.link));
  pair.count();
  pair.clock.at += pair.policy.soft_interval;
  const unsigned before = pair.barrier.quiesces;
  REQUIRE(pair.engine.ship_soft_if_due(pair.link, pair.clock.at));
  CHECK(pair.barrier.quiesces == before);
}

}  // namespace stillwater::tests
