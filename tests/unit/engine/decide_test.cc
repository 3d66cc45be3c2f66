// Q1: a checkpoint is decided by policy.
#include <unistd.h>

#include "tests/unit/engine/pair.h"

namespace stillwater::tests {
namespace {

using engine::decide;
using engine::Policy;
using engine::Pressure;
using engine::Trigger;

}  // namespace

TEST_CASE("Q1: each trigger asks for a checkpoint") {
  const Policy policy;
  const Nanos long_ago = policy.interval;
  const Nanos recently = policy.min_interval;
  CHECK(decide(policy, {.dirty_bytes = 64, .since_last = long_ago}) == Trigger::interval);
  CHECK(decide(policy, {.dirty_bytes = 64, .since_last = recently}) == Trigger::none);
  CHECK(decide(policy, {.dirty_bytes = policy.dirty_bytes, .since_last = recently}) == Trigger::dirty_bytes);
  CHECK(decide(policy, {.dirty_bytes = 64, .output_waits = true, .since_last = recently}) ==
        Trigger::held_output);
  CHECK(decide(policy, {.requested = true, .since_last = recently}) == Trigger::request);
  CHECK(decide(policy, {.since_last = 10 * long_ago}) == Trigger::none);
  CHECK(decide(policy, {.since_last = policy.digest_interval}) == Trigger::digest);
  CHECK(decide(policy, {.dirty_bytes = 64, .since_last = policy.digest_interval}) == Trigger::interval);
  CHECK(decide({.digest_budget = 0us}, {.since_last = policy.digest_interval}) == Trigger::none);
}

TEST_CASE("Q1: over any policy and pressure, never below the minimum interval and never for nothing") {
  for_seeds(2000, [](Random& random) {
    Policy policy;
    policy.min_interval = Nanos(below(random, 1000));
    policy.interval = policy.min_interval + Nanos(below(random, 1000));
    policy.dirty_bytes = below(random, 1000);
    policy.digest_budget = Nanos(below(random, 2));
    policy.digest_interval = Nanos(below(random, 2000));
    const Pressure p{.dirty_bytes = one_in(random, 3) ? 0 : below(random, 2000),
                     .output_waits = one_in(random, 2),
                     .requested = one_in(random, 4),
                     .since_last = Nanos(below(random, 2500))};
    const Trigger trigger = decide(policy, p);
    const bool allowed = p.since_last >= policy.min_interval;
    const bool wanted =
        p.requested || p.output_waits ||
        (p.dirty_bytes > 0 && (p.since_last >= policy.interval || p.dirty_bytes >= policy.dirty_bytes));
    const bool digests = policy.digest_budget > 0ns && p.dirty_bytes == 0 && !p.requested &&
                         !p.output_waits && p.since_last >= policy.digest_interval;
    REQUIRE((trigger != Trigger::none) == (allowed && (wanted || digests)));
    REQUIRE((trigger == Trigger::digest) == (allowed && digests));
    if (trigger == Trigger::held_output) REQUIRE(p.output_waits);
    if (trigger == Trigger::interval) REQUIRE(p.since_last >= policy.interval);
  });
}

TEST_CASE("Q1: output that can wait does, until it is old or there is much of it, and no longer") {
  for_seeds(2000, [](Random& random) {
    Policy policy{.digest_budget = 0ns};
    policy.min_interval = Nanos(below(random, 200));
    policy.interval = policy.min_interval + Nanos(below(random, 1000));
    policy.defer = Nanos(below(random, 500));
    policy.defer_packets = 1 + static_cast<std::uint32_t>(below(random, 8));
    const Pressure p{.deferred_packets = static_cast<std::uint32_t>(below(random, 10)),
                     .deferred_for = Nanos(below(random, 1000)),
                     .since_last = Nanos(below(random, 1500))};
    const bool due = p.deferred_packets > 0 &&
                     (p.deferred_for >= policy.defer || p.deferred_packets >= policy.defer_packets);
    const bool allowed = p.since_last >= policy.min_interval;
    REQUIRE(decide(policy, p) == (due && allowed ? Trigger::deferred_output : Trigger::none));
    Pressure with_urgent = p;
    with_urgent.output_waits = true;
    REQUIRE(decide(policy, with_urgent) == (allowed ? Trigger::held_output : Trigger::none));
  });
}

TEST_CASE("Q1: intervals follow what checkpoints cost, within their bounds") {
  for_seeds(2000, [](Random& random) {
    Policy policy;
    policy.min_interval = Nanos(below(random, 1000));
    policy.interval = policy.min_interval + Nanos(below(random, 10'000));
    policy.pause_percent = 1 + static_cast<unsigned>(below(random, 99));
    engine::Cost cost;
    const Nanos pause(below(random, 5000)), commit(below(random, 100'000));
    cost.add(pause, commit);
    const Policy now = engine::adapted(policy, cost);
    REQUIRE(now.min_interval >= policy.min_interval);
    REQUIRE(now.min_interval <= policy.interval);
    REQUIRE(now.interval >= policy.interval);
    REQUIRE(now.interval <= engine::kStretchMax * policy.interval);
    const bool bounded = now.min_interval == policy.interval;
    REQUIRE((bounded || now.min_interval.count() * policy.pause_percent >= pause.count() * 100 - 100));
    const bool stretched = now.interval == engine::kStretchMax * policy.interval;
    REQUIRE((stretched || now.interval >= 2 * commit));
  });
  const Policy policy;
  const Policy unmeasured = engine::adapted(policy, {});
  CHECK(unmeasured.interval == policy.interval);
  CHECK(unmeasured.min_interval == policy.min_interval);
}

TEST_CASE("Q1: what checkpoints cost is what they usually cost: one that was held up hardly counts") {
  engine::Cost cost;
  cost.add(20us, 200us);
  CHECK(cost.pause() == 20us);
  cost.add(80ms, 80ms);
  CHECK(cost.pause() <= 23us);
  CHECK(cost.commit() <= 225us);
  for (int i = 0; i < 100; ++i) cost.add(60us, 600us);
  CHECK(cost.pause() > 55us);
  CHECK(cost.commit() > 550us);
}

TEST_CASE("Q1: the engine stretches its minimum to the pauses that it measured") {
  Pair pair;
  pair.sync_and_acknowledge();
  pair.barrier.telling = 20us;  // a pause of as much
  pair.write_hard();
  REQUIRE(pair.engine.checkpoint(pair.link));
  pair.acknowledge();
  const Nanos pause = pair.engine.last_sample().blackout;
  REQUIRE(pause >= 20us);
  const Nanos least = pause * 100 / pair.policy.pause_percent;
  REQUIRE(least < pair.policy.interval);
  const Instant taken = pair.engine.last_taken();
  pair.epochs.ask_for_checkpoint();
  CHECK(pair.engine.due(taken + least - 1ns, false) == Trigger::none);
  CHECK(pair.engine.ask_again_at(taken + pair.policy.min_interval) == taken + least);
  CHECK(pair.engine.due(taken + least, false) == Trigger::held_output);
}

TEST_CASE("Q1: output that can wait is asked for at its time, and forgotten with its checkpoint") {
  Pair pair;
  pair.sync_and_acknowledge();
  const Instant since = pair.engine.last_taken() + pair.policy.min_interval;
  pair.epochs.ask_for_checkpoint_later(since);
  pair.epochs.ask_for_checkpoint_later(since + 50us);
  CHECK(pair.epochs.deferred().packets == 2);
  CHECK(pair.engine.due(since, false) == Trigger::none);
  CHECK(pair.engine.ask_again_at(since) == since + pair.policy.defer);
  pair.clock.at = since + pair.policy.defer;
  CHECK(pair.engine.due(pair.clock.at, false) == Trigger::deferred_output);
  REQUIRE(pair.engine.checkpoint(pair.link, Trigger::deferred_output));
  CHECK(pair.epochs.deferred().packets == 0);
  pair.acknowledge();
  const auto counts = pair.engine.statistics().summary(pair.clock.at).triggers;
  CHECK(counts[static_cast<std::size_t>(Trigger::deferred_output)] == 1);
  CHECK(counts[static_cast<std::size_t>(Trigger::first_sync)] == 1);
}

TEST_CASE("Q1: the engine decides nothing without a standby, nor while an epoch is uncommitted") {
  Pair pair;
  pair.clock.at += 10s;
  pair.write_hard();
  CHECK(pair.engine.due(pair.clock.at, true) == Trigger::none);
  pair.sync_and_acknowledge();
  pair.write_hard();
  pair.clock.at += 10s;
  CHECK(pair.engine.due(pair.clock.at, false) == Trigger::interval);
  REQUIRE(pair.engine.checkpoint(pair.link));
  pair.write_hard();
  pair.clock.at += 10s;
  CHECK(pair.engine.awaiting_ack());
  CHECK(pair.engine.due(pair.clock.at, true) == Trigger::none);
  CHECK_FALSE(pair.engine.checkpoint(pair.link));
  pair.acknowledge();
  CHECK(pair.engine.due(pair.clock.at, false) == Trigger::interval);
}

TEST_CASE("Q1: a packet that waits for its epoch wakes the engine, and is asked for again only after it") {
  Pair pair;
  pair.sync_and_acknowledge();
  pair.write_hard();
  pair.clock.at += pair.policy.min_interval;
  CHECK(pair.engine.due(pair.clock.at, false) == Trigger::none);
  pair.epochs.ask_for_checkpoint();
  CHECK(pair.engine.due(pair.clock.at, false) == Trigger::held_output);
  REQUIRE(pair.engine.checkpoint(pair.link));
  CHECK_FALSE(pair.epochs.checkpoint_wanted());
}

TEST_CASE("Q1: output that waits is set free by a checkpoint although nothing is dirty") {
  Pair pair;
  pair.sync_and_acknowledge();
  pair.epochs.ask_for_checkpoint();
  pair.clock.at += pair.policy.min_interval;
  REQUIRE(pair.engine.due(pair.clock.at, false) == Trigger::held_output);
  const std::uint64_t awaited = pair.epochs.current();
  REQUIRE(pair.engine.checkpoint(pair.link));
  pair.acknowledge();
  CHECK(pair.epochs.committed() == awaited);
  CHECK(pair.engine.due(pair.clock.at + pair.policy.min_interval, false) == Trigger::none);
}

TEST_CASE("Q1: what waited for an epoch that was given up is asked for anew") {
  Pair pair;
  pair.sync_and_acknowledge();
  const std::uint64_t awaited = pair.epochs.current();
  pair.epochs.ask_for_checkpoint();
  pair.clock.at += 1s;
  pair.link.breaks_at = pair.link.sends;  // before the standby has anything of it
  REQUIRE_FALSE(pair.engine.checkpoint(pair.link));
  pair.link.breaks_at = ~std::uint64_t{0};
  pair.receiver.disconnected();
  pair.engine.connection_lost();
  pair.receiver.connected();
  REQUIRE(pair.engine.reconnected(pair.receiver.committed()));
  CHECK(pair.epochs.committed() < awaited);
  pair.clock.at += pair.policy.min_interval;
  REQUIRE(pair.engine.due(pair.clock.at, false) == Trigger::held_output);
  REQUIRE(pair.engine.checkpoint(pair.link));
  pair.acknowledge();
  CHECK(pair.epochs.committed() >= awaited);
}

TEST_CASE("Q1: the engine says when to ask again, so that no trigger is missed by time") {
  Pair pair;
  pair.policy.pause_percent = 100;
  pair.engine.set_policy(pair.policy);
  pair.sync_and_acknowledge();
  const Instant taken = pair.clock.at;
  REQUIRE(pair.engine.checkpoint(pair.link));
  pair.acknowledge();
  const engine::Policy& p = pair.policy;
  CHECK(pair.engine.ask_again_at(taken) == taken + p.min_interval);
  CHECK(pair.engine.ask_again_at(taken + p.min_interval) == taken + p.interval);
  CHECK(pair.engine.ask_again_at(taken + p.interval) == taken + 2 * p.interval);
  pair.policy.interval = 10s;
  pair.engine.set_policy(pair.policy);
  CHECK(pair.engine.ask_again_at(taken + p.min_interval) == taken + p.digest_interval);
}

TEST_CASE("Q1: a worker wakes an engine that sleeps, and none that soon looks by itself") {
  Pair pair;
  pair.policy.pause_percent = 100;
  pair.engine.set_policy(pair.policy);
  pair.sync_and_acknowledge();
  const auto was_woken = [&] {
    std::uint64_t count = 0;
    return read(pair.epochs.wake_fd(), &count, sizeof(count)) == sizeof(count);
  };
  const engine::Policy& p = pair.policy;
  const Instant begin = pair.clock.at += p.interval;
  (void)was_woken();

  CHECK(pair.engine.ask_again_at(begin) == begin + p.interval);
  pair.epochs.ask_for_checkpoint();
  CHECK(was_woken());

  REQUIRE(pair.engine.checkpoint(pair.link, Trigger::held_output));
  CHECK(pair.engine.ask_again_at(begin) == Instant::max());  // the acknowledgement comes first
  pair.epochs.ask_for_checkpoint();
  CHECK_FALSE(was_woken());
  pair.acknowledge();

  const Instant taken = pair.engine.last_taken();
  CHECK(pair.engine.ask_again_at(taken) == taken + std::min(p.min_interval, p.look_interval));
  REQUIRE(pair.engine.due(taken + p.min_interval, false) == Trigger::held_output);
  REQUIRE(pair.engine.checkpoint(pair.link, Trigger::held_output));
  pair.acknowledge();
  const Instant later = pair.engine.last_taken() + p.min_interval;
  CHECK(pair.engine.ask_again_at(later) == later + p.look_interval);
  pair.epochs.ask_for_checkpoint();
  CHECK_FALSE(was_woken());
  pair.clock.at = later;
  REQUIRE(pair.engine.checkpoint(pair.link, Trigger::interval));
  pair.acknowledge();

  const Instant quiet = pair.engine.last_taken() + p.asked_lately;
  CHECK(pair.engine.ask_again_at(quiet) == quiet + p.interval);
  pair.epochs.ask_for_checkpoint_later(quiet);
  CHECK(was_woken());
}

TEST_CASE("Q1: a request that came before the engine slept is looked at soon, though it woke nobody") {
  Pair pair;
  pair.sync_and_acknowledge();
  pair.epochs.look_by_itself();
  pair.epochs.ask_for_checkpoint();
  const Instant now = pair.clock.at += pair.policy.interval;
  CHECK(pair.engine.ask_again_at(now) == now + pair.policy.look_interval);
}

}  // namespace stillwater::tests
