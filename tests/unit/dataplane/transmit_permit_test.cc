// Without the right to transmit nothing is put on the wire, whatever wants to go.
#include "tests/unit/dataplane/firewall.h"

using namespace stillwater;
using namespace stillwater::dataplane;

namespace {

// Time stands still for the worker in the middle of a send: it goes on when a frame is found in the port.
class FrozenInSend final : public Clock {
 public:
  FrozenInSend(ManualClock& clock, const RingPort& port) : clock_(clock), port_(port) {}

  void freeze_next_send(Nanos length) { length_.store(length.count()); }
  [[nodiscard]] Instant now() const override {
    if (port_.sent() > 0) clock_.advance(Nanos(length_.exchange(0)));
    return clock_.now();
  }

 private:
  ManualClock& clock_;
  const RingPort& port_;
  mutable std::atomic<std::int64_t> length_{0};  // writers: the test sets, the worker takes
};

}  // namespace

TEST_CASE(
    "invariant 3: without a permit nothing is polled: what arrives waits, and goes on in order when it is "
    "back") {
  Firewall f;
  f.start_and_resume();
  f.greet();
  f.permit.set_until(f.clock.now());
  f.next_turns();
  for (std::uint16_t port = 4000; port < 4010; ++port) f.query(port);
  f.next_turns();
  CHECK(f.inside.waiting() == 10);
  CHECK(f.outside.sent() == 0);
  f.permit.set_until(f.clock.now() + 20ms);
  for (std::uint16_t port = 4000; port < 4010; ++port) CHECK(f.sent_by(f.outside).source_port == port);
}

TEST_CASE("invariant 3: a commit releases nothing without a permit") {
  Firewall f;
  f.epochs.set_committed(0);
  f.start_and_resume();
  f.greet();
  f.query();
  REQUIRE(eventually([&] { return f.dataplane->held_packets() == 1; }));
  f.permit.set_until(TransmitPermit::kNever);
  f.next_turns();
  f.epochs.set_committed(1);
  f.next_turns();
  CHECK(f.outside.sent() == 0);
  CHECK(f.dataplane->held_packets() == 1);
  f.permit.set_until(TransmitPermit::kForever);
  CHECK(f.sent_by(f.outside).source_port == 4000);
}

TEST_CASE(
    "invariant 3: the permit is looked at once a burst: a frame that was ready when it ended is dropped by "
    "name") {
  Firewall f;
  f.start_and_resume();
  const auto sent = [&] { return f.inside.sent() + f.outside.sent(); };
  f.query();  // to a neighbour that is asked for again each second
  REQUIRE(eventually([&] { return sent() == 1; }));
  f.permit.set_until(TransmitPermit::kNever);
  f.next_turns();
  const auto before = sent();
  f.clock.advance(1100ms);
  CHECK(eventually([&] {
    f.clock.advance(150ms);
    return f.dataplane->drops()["no_lease"] > 0;
  }));
  CHECK(sent() == before);
}

TEST_CASE("an announcement that came before the permit is made with it, at once, and repeated from then on") {
  Firewall f;
  f.start(f.clock);
  f.permit.set_until(TransmitPermit::kNever);
  f.dataplane->announce();
  f.dataplane->barrier().resume();
  f.clock.advance(50ms);
  f.next_turns();
  CHECK(f.inside.sent() + f.outside.sent() == 0);
  f.permit.set_until(TransmitPermit::kForever);
  REQUIRE(eventually([&] { return f.inside.sent() == 1 && f.outside.sent() == 1; }));
  f.next_turns();
  CHECK(f.inside.sent() == 1);
  f.clock.advance(20ms);
  CHECK(eventually([&] { return f.inside.sent() == 2; }));
}

TEST_CASE("a node without a permit still comes to its packet boundary") {
  Firewall f;
  f.start_and_resume();
  f.greet();
  f.permit.set_until(TransmitPermit::kNever);
  f.query();
  f.next_turns();
  const Status quiesced = f.dataplane->barrier().quiesce(5s);
  CHECK(quiesced);
  CHECK(f.inside.waiting() == 1);
}

TEST_CASE("a burst at whose end the permit holds no longer is counted, and is the last one") {
  Firewall f;
  FrozenInSend clock(f.clock, f.outside);
  f.start(clock);
  f.dataplane->barrier().resume();
  f.greet();
  f.permit.set_until(f.clock.now() + 20ms);
  f.query();
  CHECK(f.sent_by(f.outside).source_port == 4000);
  f.next_turns();
  CHECK(f.dataplane->sent_past_permit() == 0);

  clock.freeze_next_send(40ms);
  f.query(4001);
  REQUIRE(eventually([&] { return f.dataplane->sent_past_permit() == 1; }));
  CHECK(f.sent_by(f.outside).source_port == 4001);
  f.query(4002);
  f.next_turns();
  CHECK(f.dataplane->sent_past_permit() == 1);
  CHECK(f.outside.sent() == 0);
}

TEST_CASE("what one freeze may let out follows from the rings and the workers") {
  const unsigned workers = GENERATE(1u, 2u);
  Firewall f(workers);
  f.start(f.clock);
  // Of each of two ports and each worker: 64 descriptors, and a burst of 256.
  CHECK(f.dataplane->sent_past_permit_max() == 2 * workers * (64 + 256));
}
