// The mirror's states, their order, and the rounds that the engine really takes.
#include <algorithm>
#include <array>
#include <map>

#include "tests/unit/engine/pair.h"

namespace stillwater::tests {
namespace {

using engine::Mirror;
using engine::MirrorState;

// Everything that can be asked of a mirror, by the state that it leads to.
Status step_to(Mirror& mirror, MirrorState to) {
  switch (to) {
    case MirrorState::loaded:
      return mirror.load();
    case MirrorState::tracking:
      return mirror.track();
    case MirrorState::brownout:
      return mirror.begin_round(1000);
    case MirrorState::blackout:
      return mirror.stop();
    case MirrorState::committing:
      return mirror.commit();
    case MirrorState::mirrored:
      return mirror.acknowledge();
    case MirrorState::terminated:
      return mirror.terminate();
    case MirrorState::reserved:
      break;
  }
  return fail(Errc::invalid_argument, "no step leads there");
}

constexpr std::array kInOrder = {MirrorState::loaded,    MirrorState::tracking,   MirrorState::brownout,
                                 MirrorState::blackout,  MirrorState::committing, MirrorState::mirrored,
                                 MirrorState::terminated};

Mirror advanced_to(MirrorState state) {
  Mirror mirror;
  for (const MirrorState next : kInOrder)
    if (mirror.state() != state) REQUIRE(step_to(mirror, next));
  return mirror;
}

const std::set<std::pair<MirrorState, MirrorState>> kAllowed = {
    {MirrorState::reserved, MirrorState::loaded},     {MirrorState::loaded, MirrorState::tracking},
    {MirrorState::tracking, MirrorState::brownout},   {MirrorState::brownout, MirrorState::brownout},
    {MirrorState::brownout, MirrorState::blackout},   {MirrorState::blackout, MirrorState::committing},
    {MirrorState::committing, MirrorState::mirrored}, {MirrorState::mirrored, MirrorState::brownout},
    {MirrorState::mirrored, MirrorState::blackout},   {MirrorState::mirrored, MirrorState::terminated},
};

}  // namespace

TEST_CASE("M1: the states follow one order, and a step out of order is refused and changes nothing") {
  std::vector<MirrorState> all(kInOrder.begin(), kInOrder.end());
  all.push_back(MirrorState::reserved);
  for (const MirrorState from : all)
    for (const MirrorState to : kInOrder) {
      CAPTURE(name_of(from), name_of(to));
      Mirror mirror = advanced_to(from);
      const Status step = step_to(mirror, to);
      if (kAllowed.contains({from, to})) {
        CHECK(step);
        CHECK(mirror.state() == to);
        continue;
      }
      REQUIRE_FALSE(step);
      CHECK(step.error().code == Errc::failed_precondition);
      CHECK(step.error().message.find(name_of(from)) != std::string::npos);
      CHECK(step.error().message.find(name_of(to)) != std::string::npos);
      CHECK(mirror.state() == from);
    }
}

TEST_CASE("M4: a mirror refuses a round beyond the bound") {
  Mirror mirror = advanced_to(MirrorState::tracking);
  for (unsigned round = 1; round <= 3; ++round) {
    REQUIRE(mirror.begin_round(3));
    CHECK(mirror.round() == round);
  }
  const Status beyond = mirror.begin_round(3);
  REQUIRE_FALSE(beyond);
  CHECK(beyond.error().code == Errc::resource_exhausted);
  CHECK(mirror.round() == 3);
  mirror.set_left(300 << 10);
  CHECK(mirror.text() == "brownout, round 3, 300 KiB left");
  REQUIRE(mirror.stop());
  CHECK(mirror.round() == 0);
  CHECK(mirror.left_bytes() == 0);
}

TEST_CASE("M7: a mirror that is lost is tracked from there, and counts only after a whole new one") {
  for (const MirrorState from : kInOrder) {
    CAPTURE(name_of(from));
    Mirror mirror = advanced_to(from);
    mirror.invalidate();
    CHECK_FALSE(mirror.is_valid());
    if (from == MirrorState::loaded) {
      CHECK(mirror.state() == from);
      continue;
    }
    CHECK(mirror.state() == MirrorState::tracking);
    CHECK_FALSE(mirror.stop());
    REQUIRE(mirror.begin_round(1));
    REQUIRE(mirror.stop());
    REQUIRE(mirror.commit());
    CHECK_FALSE(mirror.is_valid());
    REQUIRE(mirror.acknowledge());
    CHECK(mirror.is_valid());
  }
}

TEST_CASE("a peer that handed its region over counts as mirrored from the start, and only then") {
  for (const MirrorState from : kInOrder) {
    CAPTURE(name_of(from));
    Mirror mirror = advanced_to(from);
    const bool was_valid = mirror.is_valid();
    mirror.adopt();
    CHECK(mirror.is_valid() == (was_valid || from == MirrorState::tracking));
    CHECK(mirror.state() == (from == MirrorState::tracking ? MirrorState::mirrored : from));
  }
}

TEST_CASE("M1: the engine goes through the states in their order, and does nothing out of it") {
  Pair pair;
  std::vector<std::string> states;
  const auto look = [&] { states.emplace_back(pair.engine.mirror().text()); };
  const Status too_early = pair.engine.checkpoint(pair.link);
  REQUIRE_FALSE(too_early);
  CHECK(too_early.error().code == Errc::failed_precondition);
  CHECK(pair.link.sends == 0);

  look();
  pair.barrier.at_boundary = [&, snapshot = pair.barrier.at_boundary] {
    look();
    snapshot();
  };
  REQUIRE(pair.sync());
  look();
  pair.acknowledge();
  look();
  pair.write_hard();
  REQUIRE(pair.engine.checkpoint(pair.link));
  pair.acknowledge();
  look();
  CHECK(states == std::vector<std::string>{"tracking", "brownout, round 1, 0 KiB left", "blackout",
                                           "committing", "mirrored", "blackout", "mirrored"});
  pair.link.may_send_quiesced = true;
  REQUIRE(pair.engine.final_checkpoint(pair.link));
  pair.acknowledge();
  CHECK(pair.engine.mirror().state() == MirrorState::terminated);
  const std::uint64_t sends = pair.link.sends;
  CHECK_FALSE(pair.engine.checkpoint(pair.link));
  CHECK(pair.link.sends == sends);
}

TEST_CASE("M1: an engine that nothing was loaded into fills nobody") {
  Pair pair;
  engine::Engine fresh({.region = *pair.a,
                        .tracker = pair.logged_tracker,
                        .barrier = pair.barrier,
                        .epochs = pair.epochs,
                        .clock = pair.clock,
                        .staging = std::move(*engine::Staging::create(1u << 20))},
                       pair.policy);
  CHECK(fresh.mirror().state() == MirrorState::reserved);
  const Status refused = fresh.first_sync(pair.link, [](std::uint64_t) {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::failed_precondition);
  CHECK_FALSE(pair.receiver.in_sync());
}

TEST_CASE("an epoch that was given up leaves the mirror as it was") {
  Pair pair;
  pair.sync_and_acknowledge();
  pair.write_hard();
  pair.barrier.times_out = true;
  REQUIRE_FALSE(pair.engine.checkpoint(pair.link));
  CHECK(pair.engine.mirror().state() == MirrorState::mirrored);
  pair.barrier.times_out = false;
  pair.logged_tracker.fails = true;
  REQUIRE_FALSE(pair.engine.checkpoint(pair.link));
  CHECK(pair.engine.mirror().state() == MirrorState::mirrored);
  pair.cut();
  REQUIRE_FALSE(pair.sync());
  CHECK(pair.engine.mirror().state() == MirrorState::tracking);
}

TEST_CASE("M3: what is written while the first sync copies is in its next round, with round and bytes left") {
  Pair pair({.sessions_max = 4096});
  pair.policy.brownout_bytes = 10 * region::kLineBytes;
  pair.engine.set_policy(pair.policy);
  Random random(Catch::rngSeed());
  pair.work(random, 2000);
  pair.receiver.connected();
  std::map<unsigned, std::vector<std::uint64_t>> left;  // by round
  REQUIRE(pair.engine.first_sync(pair.link, [&](std::uint64_t left_bytes) {
    const unsigned round = pair.engine.mirror().round();
    CHECK(pair.engine.mirror().left_bytes() == left_bytes);
    left[round].push_back(left_bytes);
    if (round == 1 && left[1].size() == 1) pair.write_hard(30);
    if (round == 2) pair.write_hard(15);
    if (round == 3) pair.write_hard(5);
  }));
  REQUIRE(left.size() == 3);
  for (const auto& [round, bytes] : left) {
    CAPTURE(round);
    CHECK(std::ranges::is_sorted(bytes, std::ranges::greater()));
    CHECK(bytes.back() == 0);
  }
  CHECK(pair.link.lines_of_groups == std::vector<std::size_t>{3, 2});  // the blackout's five
  pair.acknowledge();
  pair.check_standby();
  CHECK(data_bytes(*pair.a) == data_bytes(*pair.b));
}

TEST_CASE("M4: a first sync ends although writes never converge, and is whole") {
  Pair pair({.sessions_max = 4096});
  pair.policy.brownout_bytes = 10 * region::kLineBytes;
  pair.engine.set_policy(pair.policy);
  pair.receiver.connected();
  unsigned rounds = 0;
  REQUIRE(pair.engine.first_sync(pair.link, [&](std::uint64_t) {
    rounds = std::max(rounds, pair.engine.mirror().round());
    pair.write_hard(50);
  }));
  CHECK(rounds == pair.policy.brownout_rounds_max);
  CHECK(pair.barrier.quiesces == rounds + 1);
  pair.acknowledge();
  pair.check_standby();
  CHECK(hard_bytes(*pair.a) == hard_bytes(*pair.b));
}

TEST_CASE(
    "a first sync whose last round leaves more than staging holds commits nothing, and may be repeated") {
  Pair pair({.staging_bytes = 16 << 10, .sessions_max = 4096});
  pair.policy.brownout_rounds_max = 1;
  pair.engine.set_policy(pair.policy);
  pair.receiver.connected();
  const Status synced = pair.engine.first_sync(pair.link, [&](std::uint64_t left_bytes) {
    if (left_bytes == 0) pair.write_hard(1000);
  });
  REQUIRE_FALSE(synced);
  CHECK(synced.error().code == Errc::resource_exhausted);
  CHECK_FALSE(pair.barrier.quiesced);
  CHECK(pair.link.commit_records.empty());
  CHECK_FALSE(pair.engine.has_standby());
  CHECK(pair.epochs.committed() == CommittedEpoch::kNobodyToWaitFor);
  pair.cut();
  pair.check_standby();
  pair.sync_and_acknowledge();
  CHECK(hard_bytes(*pair.a) == hard_bytes(*pair.b));
}

TEST_CASE("a line that a first sync sent and that is zero again is sent as zero") {
  Pair pair({.sessions_max = 4096});
  pair.policy.brownout_bytes = 0;
  pair.engine.set_policy(pair.policy);
  pair.receiver.connected();
  const auto line = [](const region::Region& r) { return r.base() + r.soft_begin() - region::kLineBytes; };
  const auto write = [&](std::byte value) {
    pair.worker.marks.hard->mark(pair.a->soft_begin() - region::kLineBytes, region::kLineBytes);
    *line(*pair.a) = value;
  };
  write(std::byte{7});
  bool zeroed = false;
  REQUIRE(pair.engine.first_sync(pair.link, [&](std::uint64_t left_bytes) {
    if (left_bytes == 0 && !zeroed) {
      CHECK(*line(*pair.b) == std::byte{7});
      write(std::byte{0});
      zeroed = true;
    }
  }));
  pair.acknowledge();
  CHECK(*line(*pair.b) == std::byte{0});
  CHECK(hard_bytes(*pair.a) == hard_bytes(*pair.b));
}

}  // namespace stillwater::tests
