// Q1: a checkpoint is decided by policy.
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

}  // namespace stillwater::tests
