// The engine over a real guest: quiesced, paused, copied with its vCPU, resumed, shipped, woken elsewhere.
#include <sched.h>

#include "tests/unit/kvm/pair.h"
#include "tests/unit/standby/deliver.h"

namespace stillwater::tests {

using kvm::Tracking;
using kvm::guest::Packet;

namespace {

// Remembers the region as it was when the guest stood still.
class WatchedBarrier final : public Barrier {
 public:
  explicit WatchedBarrier(RunningGuest& g) : g_(g) {}
  [[nodiscard]] Status quiesce(Nanos timeout) override {
    Status quiesced = g_.guest->barrier().quiesce(timeout);
    if (quiesced) {
      CHECK(g_.guest->state().held == 0);
      at_boundary = data_bytes(*g_.region);
    }
    return quiesced;
  }
  void resume() override { g_.guest->barrier().resume(); }
  [[nodiscard]] Instant last_told() const override { return g_.guest->barrier().last_told(); }
  [[nodiscard]] Instant last_resumed() const override { return g_.guest->barrier().last_resumed(); }

  Snapshot at_boundary;

 private:
  RunningGuest& g_;
};

// An active guest and a standby's region, in one process.
struct GuestPair final : wire::Transport {
  explicit GuestPair(Tracking tracking) : active(tracking) {
    active.quiesce();
    engine.lead_from(0);
    active.resume();
    receiver.connected();
  }

  [[nodiscard]] Status send(wire::Bytes bytes) override { return deliver(receiver, bytes); }
  // Hands the standby's answer to the engine; what it was.
  wire::Type answer() {
    std::vector<std::byte> output = receiver.take_output();
    const auto frame = wire::parse(output);
    REQUIRE((frame && frame->has_value()));
    const wire::Type type = (*frame)->type;
    if (type == wire::Type::abort)
      REQUIRE(engine.aborted(*wire::body_of<wire::Abort>(**frame)));
    else
      REQUIRE(engine.acknowledged(*wire::body_of<wire::Ack>(**frame)));
    return type;
  }
  void acknowledge() { REQUIRE(answer() == wire::Type::ack); }
  void sync() {
    const Status synced = engine.first_sync(*this, [](std::uint64_t) {});
    INFO((synced ? "" : synced.error().message));
    REQUIRE(synced);
    acknowledge();
  }

  // Megabytes: what differs is not worth printing.
  [[nodiscard]] bool standby_is(const Snapshot& expected) const { return data_bytes(*b) == expected; }

  RunningGuest active;
  std::unique_ptr<region::Region> b = make_region(kvm::Guest::layout());
  WatchedBarrier barrier{active};
  CommittedEpoch epochs;
  engine::Policy policy{.quiesce_timeout = kPatience};
  engine::Engine engine{
      {*active.region, active.guest->tracker(), barrier, epochs, active.clock, make_staging()}, policy};
  standby::ReservedBuffer reserved = make_reserved();
  standby::Receiver receiver{*b, reserved, {}};
};

std::vector<Packet> counts(std::uint64_t n, std::uint64_t keys) {
  std::vector<Packet> packets;
  for (std::uint64_t i = 0; i < n; ++i) packets.push_back(count_packet(i, i % keys));
  return packets;
}

}  // namespace

TEST_CASE("Q3 Q4: asked to quiesce, the guest's agent gives no packet, those inside drain, the others wait") {
  if (!kvm_can(Tracking::none)) return;
  RunningGuest g(Tracking::none);
  for (unsigned round = 0; round < 20; ++round) {
    for (const Packet& packet : counts(200, 200)) REQUIRE(g.guest->port().offer(packet));
    g.quiesce();
    const std::uint64_t received = 200 - g.guest->port().waiting();
    CHECK(g.guest->state().held == 0);
    std::vector<Packet> answers;
    g.guest->port().take(answers);
    CHECK(answers.size() == received);
    g.resume();
    for (const Instant deadline = g.clock.now() + kPatience; answers.size() < 200;) {
      REQUIRE(g.clock.now() < deadline);
      g.guest->port().take(answers);
    }
    for (std::uint64_t i = 0; i < 200; ++i) CHECK(answers[i].id == i);
  }
}

TEST_CASE("Q8: a guest that cannot drain: the time-out says what it holds, it goes on, nothing is lost") {
  if (!kvm_can(Tracking::none)) return;
  RunningGuest g(Tracking::none);
  const std::vector<Packet> packets = counts(kvm::guest::kRingPackets + 4, 1);
  const auto wait_for = [&](auto condition) {
    for (const Instant deadline = g.clock.now() + kPatience; !condition(); sched_yield())
      REQUIRE(g.clock.now() < deadline);
  };
  // Nobody takes its answers: the transmit ring fills, and the guest waits for room with the last four.
  for (std::size_t i = 0; i < kvm::guest::kRingPackets; ++i) REQUIRE(g.guest->port().offer(packets[i]));
  wait_for([&] { return g.guest->port().waiting() == 0; });
  REQUIRE(g.guest->vcpu().pause(kPatience));
  for (std::size_t i = kvm::guest::kRingPackets; i < packets.size(); ++i)
    REQUIRE(g.guest->port().offer(packets[i]));
  g.guest->vcpu().resume();
  wait_for([&] {
    return g.guest->port().waiting() == 0 && __atomic_load_n(&g.guest->state().held, __ATOMIC_ACQUIRE) == 4;
  });
  const Status quiesced = g.guest->barrier().quiesce(2ms);
  REQUIRE_FALSE(quiesced);
  CHECK(quiesced.error().code == Errc::timed_out);
  CHECK(quiesced.error().message == "the guest holds 4 packets inside");

  std::vector<Packet> answers;
  wait_for([&] {
    g.guest->port().take(answers);
    return answers.size() == packets.size();
  });
  CHECK(answers.back().value == packets.size());
  g.quiesce();
}

TEST_CASE("M5 M2: after each checkpoint the standby holds the guest's memory and vCPU, byte for byte") {
  const auto tracking = GENERATE(Tracking::log, Tracking::ring);
  INFO(name_of(tracking));
  if (!kvm_can(tracking)) return;
  for_seeds(5, [&](Random& random) {
    GuestPair pair(tracking);
    pair.active.answers_to(counts(50, 50));
    pair.sync();
    CHECK(pair.standby_is(pair.barrier.at_boundary));
    for (unsigned epoch = 0; epoch < 10; ++epoch) {
      std::vector<Packet> work;
      for (std::uint64_t i = below(random, 200); i-- > 0;) work.push_back(count_packet(i, random()));
      work.push_back(write_packet(below(random, kScratchPages), below(random, 100), random()));
      pair.active.answers_to(work);
      for (const Packet& packet : counts(20, 20))
        REQUIRE(pair.active.guest->port().offer(packet));  // in flight
      REQUIRE(pair.engine.checkpoint(pair));
      pair.acknowledge();
      CHECK(pair.standby_is(pair.barrier.at_boundary));
      std::vector<Packet> rest;
      for (const Instant deadline = pair.active.clock.now() + kPatience; rest.size() < 20;) {
        REQUIRE(pair.active.clock.now() < deadline);
        pair.active.guest->port().take(rest);
      }
    }
  });
}

TEST_CASE("M5: a byte of a guest's memory that changed behind KVM's back is found by the digest") {
  const auto tracking = GENERATE(Tracking::log, Tracking::ring);
  INFO(name_of(tracking));
  if (!kvm_can(tracking)) return;
  GuestPair pair(tracking);
  pair.policy.digest_budget = 1ms;
  pair.engine.set_policy(pair.policy);
  pair.sync();
  const region::Root memory = pair.active.region->root("guest.memory");
  memory.data[memory.bytes - 1] ^= std::byte{1};
  bool found = false;
  for (unsigned epoch = 0; epoch < memory.bytes / region::kPageBytes && !found; ++epoch) {
    pair.active.answers_to(counts(5, 5));
    REQUIRE(pair.engine.checkpoint(pair));
    found = pair.answer() == wire::Type::abort;
  }
  REQUIRE(found);
  CHECK_FALSE(pair.receiver.in_sync());
  CHECK(pair.receiver.aborted()->offset == memory.offset + memory.bytes - region::kPageBytes);
  pair.sync();
  CHECK(pair.standby_is(pair.barrier.at_boundary));
}

TEST_CASE(
    "M3 P7: pages of a shipment that was lost are in the next, and the guest goes on without its standby") {
  const auto tracking = GENERATE(Tracking::log, Tracking::ring);
  INFO(name_of(tracking));
  if (!kvm_can(tracking)) return;
  GuestPair pair(tracking);
  pair.sync();
  const Snapshot committed = data_bytes(*pair.b);
  struct Broken final : wire::Transport {
    explicit Broken(wire::Transport& next) : next_(next) {}
    [[nodiscard]] Status send(wire::Bytes bytes) override {
      const Status first = next_.send(wire::first_frame(bytes));
      return first ? fail(Errc::unavailable, "the connection broke") : first;
    }
    wire::Transport& next_;
  } broken(pair);
  pair.active.answers_to({write_packet(0, 40, 77)});
  REQUIRE_FALSE(pair.engine.checkpoint(broken));
  CHECK_FALSE(pair.standby_is(committed));
  CHECK(pair.receiver.disconnected() == 1);
  CHECK(pair.standby_is(committed));

  pair.engine.standby_lost();
  CHECK(pair.active.guest->tracker().dirty_bytes_hint() >= 40 * region::kPageBytes);
  CHECK(pair.active.answers_to({count_packet(1, 3)}).back().value == 1);
  pair.receiver.connected();
  pair.sync();
  CHECK(pair.standby_is(pair.barrier.at_boundary));
}

TEST_CASE("Q7: a guest woken at another address is quiesced until its agent is restarted, and then goes on") {
  const auto tracking = GENERATE(Tracking::log, Tracking::ring);
  INFO(name_of(tracking));
  if (!kvm_can(tracking)) return;
  GuestPair pair(tracking);
  pair.sync();
  pair.active.answers_to(counts(100, 10));
  REQUIRE(pair.engine.final_checkpoint(pair));
  pair.acknowledge();
  CHECK(pair.standby_is(data_bytes(*pair.active.region)));
  CHECK(pair.b->base() != pair.active.region->base());

  auto successor = kvm::Guest::create(*pair.b, tracking, pair.active.clock);
  REQUIRE(successor);
  REQUIRE((*successor)->port().offer(count_packet(1, 4)));
  REQUIRE((*successor)->wake(kPatience));
  CHECK((*successor)->port().waiting() == 1);
  (*successor)->restart_agent();
  const std::vector<Packet> answers = answers_of(**successor, {count_packet(2, 4)});
  CHECK(answers.at(0).value == 11);
}

}  // namespace stillwater::tests
