// Two memories that went on from a common epoch are made equal by what either side has changed since (D8).
#include <numeric>

#include "ckpt_engine/engine/holdings.h"
#include "tests/unit/engine/pair.h"

namespace stillwater::tests {
namespace {

using engine::Holdings;

// The standby of a pair takes over, and the active of before is its peer from then on.
struct Successor {
  explicit Successor(Pair& pair)
      : region(*pair.b),
        worker(region),
        tracker(std::move(
            *trackers::make_tracker("barrier", region, {&worker.marks}, [](const std::string&) {}))),
        engine({.region = region,
                .tracker = *tracker,
                .barrier = barrier,
                .epochs = epochs,
                .clock = clock,
                .staging = std::move(*engine::Staging::create(1u << 20))},
               engine::Policy{}),
        reserved(std::move(*standby::ReservedBuffer::create(4u << 20))),
        receiver(*pair.a, reserved, {}, &willing),
        link(receiver, events, barrier) {
    region.set_identity(kOurRegion, 4);
    engine.lead_from(pair.receiver.committed());
  }

  // Was told what the other holds, and lets itself be filled.
  struct Willing final : standby::ReceiverHost {
    [[nodiscard]] Status sync_begins(const wire::SyncBegin& begin) override {
      onto_held = begin.onto_held == 1;
      return {};
    }
    [[nodiscard]] standby::Grant grant() const override { return {}; }
    void record_told(const wire::Record&) override {}
    [[nodiscard]] Status holdings_told(const wire::Frame&) override { return fail(Errc::protocol, "none"); }
    [[nodiscard]] Status config_told(const wire::Frame&) override { return fail(Errc::protocol, "none"); }
    bool onto_held = false;
  };

  Events events;
  ManualClock clock;
  FakeBarrier barrier{events, clock};
  region::Region& region;
  Worker worker;
  CommittedEpoch epochs;
  std::unique_ptr<trackers::DirtyTracker> tracker;
  engine::Engine engine;
  standby::ReservedBuffer reserved;
  Willing willing;
  standby::Receiver receiver;
  Link link;
};

// All memory of both, after everything that is soft was sent as well.
void require_equal_after_soft(Pair& pair, engine::Engine& engine, Link& link, ManualClock& clock) {
  clock.at += 100s;
  REQUIRE(engine.ship_soft_if_due(link, clock.at));
  REQUIRE(data_bytes(*pair.a) == data_bytes(*pair.b));
}

// Sometimes breaks somewhere in the middle of it.
void work_and_ship(Pair& pair, Random& random) {
  for (std::uint64_t epochs = below(random, 4); epochs > 0; --epochs) {
    pair.work(random, static_cast<unsigned>(below(random, 30)));
    if (one_in(random, 3)) pair.clock.at += pair.policy.soft_interval;
    pair.link.breaks_at = one_in(random, 4) ? pair.link.sends + below(random, 5) : ~std::uint64_t{0};
    const bool shipped = pair.engine.checkpoint(pair.link).has_value();
    const bool answered = shipped && !one_in(random, 6);
    if (answered) pair.acknowledge();
    if (!answered || !pair.engine.ship_soft_if_due(pair.link, pair.clock.at)) break;
  }
  pair.link.breaks_at = ~std::uint64_t{0};
}

}  // namespace

TEST_CASE(
    "D8: a standby that was cut off is mended by what the active has changed since, wherever the cut was") {
  for_seeds(200, [](Random& random) {
    Pair pair;
    pair.work(random, 60);
    pair.sync_and_acknowledge();
    work_and_ship(pair, random);
    pair.cut();
    pair.work(random, static_cast<unsigned>(below(random, 40)));
    const Holdings held{kOurRegion, {pair.receiver.committed()}, {}};
    REQUIRE(pair.engine.can_mend(held));
    pair.receiver.connected();
    REQUIRE(pair.engine.first_sync(
        pair.link, [](std::uint64_t) {}, held));
    pair.acknowledge();
    REQUIRE(pair.engine.has_standby());
    require_equal_after_soft(pair, pair.engine, pair.link, pair.clock);
  });
}

TEST_CASE("D8: an active that was succeeded is mended by the union of both sides' changes") {
  for_seeds(200, [](Random& random) {
    Pair pair;
    pair.work(random, 60);
    pair.sync_and_acknowledge();
    work_and_ship(pair, random);
    pair.receiver.disconnected();
    pair.work(random, static_cast<unsigned>(below(random, 20)));
    Successor successor(pair);
    successor.worker.work(random, successor.epochs.current(), static_cast<unsigned>(below(random, 40)));
    pair.barrier.quiesced = true;
    const Holdings left = pair.engine.leave();
    REQUIRE(left.region_id == kOurRegion);
    REQUIRE(successor.engine.can_mend(left));
    successor.receiver.connected();
    REQUIRE(successor.engine.first_sync(
        successor.link, [](std::uint64_t) {}, left));
    REQUIRE(successor.willing.onto_held);
    for (const wire::Ack& ack : successor.link.take_acks()) REQUIRE(successor.engine.acknowledged(ack));
    REQUIRE(successor.engine.has_standby());
    require_equal_after_soft(pair, successor.engine, successor.link, successor.clock);
  });
}

TEST_CASE("a mending that is cut short leaves the standby void; the next one is sent everything") {
  for_seeds(50, [](Random& random) {
    Pair pair;
    pair.work(random, 60);
    pair.sync_and_acknowledge();
    pair.cut();
    pair.work(random, 40);
    const Holdings held{kOurRegion, {pair.receiver.committed()}, {}};
    pair.receiver.connected();
    pair.link.breaks_at = pair.link.sends + below(random, 3);
    REQUIRE_FALSE(pair.engine.first_sync(
        pair.link, [](std::uint64_t) {}, held));
    pair.link.breaks_at = ~std::uint64_t{0};
    pair.cut();
    REQUIRE_FALSE(pair.engine.can_mend(held));
    pair.sync_and_acknowledge();
    require_equal_after_soft(pair, pair.engine, pair.link, pair.clock);
  });
}

TEST_CASE(
    "a peer of another region, of no common epoch, or that changed what there is not, is sent everything") {
  Pair pair;
  pair.sync_and_acknowledge();
  pair.write_hard();
  REQUIRE(pair.engine.checkpoint(pair.link));
  pair.acknowledge();
  pair.cut();
  const Holdings right{kOurRegion, {pair.receiver.committed()}, {{region::kDataOffset, region::kLineBytes}}};
  CHECK(pair.engine.can_mend(right));
  const auto refused = [&](auto change) {
    Holdings other = right;
    change(other);
    CHECK_FALSE(pair.engine.can_mend(other));
  };
  refused([](Holdings& h) { h.region_id = {}; });
  refused([](Holdings& h) { h.region_id[3] ^= 1; });
  refused([](Holdings& h) { h.epochs.acknowledged -= 1; });
  refused([](Holdings& h) { h.epochs.acknowledged += 1; });
  refused([](Holdings& h) { h.changed[0].offset = 0; });
  refused([](Holdings& h) { h.changed[0].bytes = 0; });
  refused([&](Holdings& h) { h.changed[0].offset = pair.a->size(); });
  refused([&](Holdings& h) { h.changed[0].bytes = pair.a->size(); });
  refused([&](Holdings& h) { h.changed[0] = {region::kDataOffset, pair.a->size() / 2}; });
}

TEST_CASE("a sync whose acknowledgement never came makes no epoch common, whatever number its record had") {
  struct Nowhere final : wire::Transport {
    [[nodiscard]] Status send(wire::Bytes) override { return {}; }
  } nowhere;
  Pair pair;
  pair.sync_and_acknowledge();
  const std::uint64_t common = pair.receiver.committed();
  Successor successor(pair);
  const Holdings forked{kOurRegion, {common, common + 1}, {}};  // its record of the next epoch got lost
  CHECK(successor.engine.can_mend(forked));
  REQUIRE(successor.engine.first_sync(nowhere, [](std::uint64_t) {}));
  REQUIRE(successor.engine.awaiting_ack());
  successor.engine.standby_lost();
  for (const std::uint64_t number : {common, common + 1, common + 2})
    CHECK_FALSE(successor.engine.can_mend({kOurRegion, {common, number}, {}}));
}

TEST_CASE("soft lines that were on their way when the connection broke are sent again on the next one") {
  Pair pair;
  pair.sync_and_acknowledge();
  REQUIRE(pair.engine.ship_soft_if_due(pair.link, pair.clock.at));  // the interval begins anew
  pair.clock.at += pair.policy.soft_interval;
  pair.worker.counters.add(pair.worker.turn, 3, 7);
  pair.link.breaks_at = pair.link.sends;
  REQUIRE_FALSE(pair.engine.ship_soft_if_due(pair.link, pair.clock.at));
  pair.link.breaks_at = ~std::uint64_t{0};
  pair.receiver.disconnected();
  pair.engine.connection_lost();
  pair.receiver.connected();
  REQUIRE(pair.engine.reconnected(pair.receiver.committed()));
  require_equal_after_soft(pair, pair.engine, pair.link, pair.clock);
}

TEST_CASE(
    "what a node holds arrives as it was told, in as many frames as it takes, and no more than may be told") {
  for_seeds(20, [](Random& random) {
    Holdings told{kOurRegion, {random() >> 2, random() >> 2}, {}};
    const std::uint64_t extents = below(random, 3) * wire::kHoldingsExtentsInFrame + below(random, 5);
    for (std::uint64_t i = 0; i < extents; ++i)
      told.changed.push_back({below(random, 1u << 30) * 64, (1 + below(random, 1000)) * 64});
    std::vector<std::byte> frames = engine::frames_of(told);
    engine::HoldingsReader reader;
    std::span<std::byte> rest(frames);
    while (!rest.empty()) {
      REQUIRE_FALSE(reader.told());
      const auto frame = wire::parse(rest);
      REQUIRE((frame && frame->has_value()));
      REQUIRE(reader.take(**frame));
      rest = rest.subspan(sizeof(wire::FrameHeader) + (*frame)->payload.size());
      if (rest.empty()) CHECK_FALSE(reader.take(**frame));
    }
    REQUIRE(reader.told());
    CHECK(reader.holdings().region_id == told.region_id);
    CHECK(reader.holdings().epochs.acknowledged == told.epochs.acknowledged);
    CHECK(reader.holdings().epochs.open == told.epochs.open);
    REQUIRE(reader.holdings().changed.size() == told.changed.size());
    CHECK(
        std::equal(told.changed.begin(), told.changed.end(), reader.holdings().changed.begin(),
                   [](const auto& x, const auto& y) { return x.offset == y.offset && x.bytes == y.bytes; }));
  });
  Holdings endless{kOurRegion, {1}, {}};
  endless.changed.resize(engine::kHoldingsExtentsMax + 1, {region::kDataOffset, 64});
  std::vector<std::byte> frames = engine::frames_of(endless);
  engine::HoldingsReader reader;
  Status taken;
  for (std::span<std::byte> rest(frames); taken && !rest.empty();) {
    const auto frame = wire::parse(rest);
    taken = reader.take(**frame);
    rest = rest.subspan(sizeof(wire::FrameHeader) + (*frame)->payload.size());
  }
  REQUIRE_FALSE(taken);
  CHECK(taken.error().code == Errc::protocol);
}

}  // namespace stillwater::tests
