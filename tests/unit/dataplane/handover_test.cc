// A planned switchover loses nothing: what is held leaves, what waits goes over, nothing is delivered twice.
#include "tests/unit/dataplane/firewall.h"

namespace stillwater::dataplane {
namespace {

// Stopped and discarding, as a node that has handed over.
struct Stopped : Firewall {
  Stopped() {
    start(real);
    dataplane->handover().keep(has_link);
    dataplane->barrier().set_discard(true);
  }
  void drain() { REQUIRE(dataplane->barrier().drain_ports(5s)); }
  // What was kept since the last call: source ports, as the frames were told apart; and whether more may
  // come.
  std::vector<std::uint16_t> taken() {
    std::vector<std::uint16_t> sources;
    goes_on = dataplane->handover().take_kept([&](PortIndex port, std::span<const std::byte> bytes) {
      const auto* at = reinterpret_cast<const std::uint8_t*>(bytes.data());
      const Bytes frame(at, at + bytes.size());
      if (is_udp(frame)) sources.push_back(flow_of(frame).source_port);
      ports.push_back(port);
    });
    return sources;
  }

  static bool has_link(PortIndex) { return true; }

  BootClock real;
  bool goes_on = true;
  std::vector<PortIndex> ports;
};

// Has announced itself, and waits for what its predecessor brings.
struct Successor : Firewall {
  explicit Successor(Nanos patience) {
    config.output_commit = OutputCommit::none;
    start_and_resume();
    greet();
    settle();
    dataplane->handover().expect_brought(clock.now(), patience);
    dataplane->announce();
    dataplane->barrier().resume();
    Bytes announcement;
    REQUIRE(eventually([&] { return outside.take(announcement); }));
  }
};

std::span<const std::byte> bytes_of(const Bytes& frame) { return std::as_bytes(std::span(frame)); }

}  // namespace

TEST_CASE(
    "what waits where a node handed over is kept in order, port by port, until its successor announces") {
  Stopped f;
  for (std::uint16_t port = 4000; port < 4005; ++port) f.query(port);
  f.drain();
  f.reply(53);
  f.drain();
  CHECK(f.taken() == std::vector<std::uint16_t>{4000, 4001, 4002, 4003, 4004, 53});
  CHECK(f.ports == std::vector<PortIndex>{0, 0, 0, 0, 0, 1});
  CHECK(f.goes_on);

  f.query(4005);
  f.inside.put(arp_request(kInMac, kIn, kIn));  // the cut, on this port alone
  f.query(4006);
  f.drain();
  f.reply(53);
  f.drain();
  CHECK(f.taken() == std::vector<std::uint16_t>{4005, 53});
  CHECK(f.goes_on);

  f.outside.put(arp_request(kOutMac, kOut, kOut));
  f.reply(53);
  f.drain();
  CHECK(f.taken().empty());
  CHECK_FALSE(f.goes_on);
  CHECK(f.dataplane->barrier().discarded() == 4);
  CHECK(f.buffers.in_use() == 0);
  CHECK(f.dataplane->handover().lost() == 0);
}

TEST_CASE("a port that had no link when its node handed over is not waited for, and keeps nothing later") {
  Stopped f;
  f.dataplane->handover().keep([](PortIndex port) { return port != 0; });
  f.query();
  f.reply(53);
  f.drain();
  CHECK(f.taken() == std::vector<std::uint16_t>{53});
  CHECK(f.goes_on);
  f.outside.put(arp_request(kOutMac, kOut, kOut));
  f.drain();
  CHECK(f.taken().empty());
  CHECK_FALSE(f.goes_on);
}

TEST_CASE("a host's ARP is no announcement") {
  Stopped f;
  f.inside.put(arp_request(kHostMac, kHost, kIn));
  f.outside.put(arp_request(kServerMac, kServer, kOut));
  f.query();
  f.drain();
  CHECK(f.taken().size() == 1);
  CHECK(f.ports.size() == 3);
  CHECK(f.goes_on);
}

TEST_CASE("nothing is kept before a hand-over or after it, and what was not taken is freed") {
  Stopped f;
  f.query();
  f.drain();
  f.dataplane->handover().keep_no_more();
  CHECK(f.buffers.in_use() == 0);
  f.query();
  f.drain();
  f.dataplane->handover().keep(Stopped::has_link);
  CHECK(f.taken().empty());
  CHECK(f.dataplane->barrier().discarded() == 1);
}

TEST_CASE("a frame that is brought is received as if by its port, and before what waits there") {
  Successor f(1s);
  f.query(4009);
  f.next_turns();
  CHECK(f.outside.sent() == 0);
  for (std::uint16_t port = 4000; port < 4003; ++port)
    f.dataplane->handover().bring(0, bytes_of(udp_frame(kHostMac, kInMac, {kHost, kServer, port, 53})));
  f.dataplane->handover().end_of_brought();
  for (const int port : {4000, 4001, 4002, 4009}) CHECK(f.sent_by(f.outside).source_port == port);
}

TEST_CASE(
    "what a flooding network gave to both is forwarded once: what is brought, not the port's own copy") {
  Successor f(1s);
  const auto datagram = [](std::uint16_t port) {
    return udp_frame(kHostMac, kInMac, {kHost, kServer, port, 53});
  };
  for (const int port : {4000, 4001, 4001, 4002}) f.query(static_cast<std::uint16_t>(port));
  constexpr int kFirst = 4100, kLast = 4140;  // more than a burst waits
  for (int port = kFirst; port <= kLast; ++port) f.query(static_cast<std::uint16_t>(port));
  f.next_turns();
  for (const int port : {4000, 4001, 4003, kLast})
    f.dataplane->handover().bring(0, bytes_of(datagram(static_cast<std::uint16_t>(port))));
  f.dataplane->handover().bring(1, bytes_of(datagram(4002)));  // the same frame of another port is another
  f.dataplane->handover().end_of_brought();
  for (const int port : {4000, 4001, 4003, kLast, 4001, 4002})
    CHECK(f.sent_by(f.outside).source_port == port);
  for (int port = kFirst; port < kLast; ++port) CHECK(f.sent_by(f.outside).source_port == port);

  // Its port was empty once: what comes now was sent again.
  f.query(4003);
  CHECK(f.sent_by(f.outside).source_port == 4003);
  f.next_turns();
  f.clock.advance(150ms);
  CHECK(eventually([&] { return f.dataplane->drops()["brought_already"] == 3; }));
}

TEST_CASE("of more brought frames than a node remembers, the last are known") {
  BroughtFrames brought;
  const auto bytes_of_number = [](const std::uint32_t& n) { return std::as_bytes(std::span(&n, 1)); };
  for (std::uint32_t n = 0; n < 100'000; ++n) brought.add(0, bytes_of_number(n));
  std::uint32_t known = 0;
  for (std::uint32_t n = 100'000 - 4096; n < 100'000; ++n)
    known += brought.take(0, bytes_of_number(n)) ? 1 : 0;
  CHECK(known == 4096);
  for (std::uint32_t n = 100'000 - 4096; n < 100'000; ++n) CHECK_FALSE(brought.take(0, bytes_of_number(n)));
  CHECK_FALSE(brought.take(1, bytes_of_number(99'000)));
  brought.add(0, bytes_of_number(7));
  brought.forget();
  CHECK_FALSE(brought.take(0, bytes_of_number(7)));
}

TEST_CASE("a successor waits for what is brought no longer than it was told") {
  Successor f(20ms);
  f.query(4000);
  f.next_turns();
  CHECK(f.outside.sent() == 0);
  f.clock.advance(20ms);
  CHECK(f.sent_by(f.outside).source_port == 4000);
}

TEST_CASE(
    "what a successor receives before it has announced itself is discarded: its predecessor brings it") {
  Firewall f;
  f.config.output_commit = OutputCommit::none;
  f.start_and_resume();
  f.greet();
  f.settle();
  f.dataplane->handover().expect_brought(f.clock.now(), Nanos(0));
  f.permit.set_until(TransmitPermit::kNever);
  f.dataplane->announce();
  f.dataplane->barrier().resume();
  f.query(4000);
  f.next_turns();
  f.permit.set_until(TransmitPermit::kForever);
  Bytes announcement;
  REQUIRE(eventually([&] { return f.outside.take(announcement); }));
  f.query(4001);
  CHECK(f.sent_by(f.outside).source_port == 4001);
  f.clock.advance(150ms);
  CHECK(eventually([&] { return f.dataplane->drops()["before_announcement"] == 1; }));
}

TEST_CASE(
    "a brought frame of no port, or longer than any here, is counted as lost; a fence frees what waits") {
  Firewall f;
  f.start(f.clock);
  Handover& handover = f.dataplane->handover();
  const Bytes frame = udp_frame(kHostMac, kInMac, {kHost, kServer, 4000, 53});
  handover.bring(2, bytes_of(frame));
  handover.bring(0, bytes_of(Bytes(60'000)));
  CHECK(handover.lost() == 2);
  CHECK(f.dataplane->drops()["hand_over_full"] == 2);
  handover.bring(0, bytes_of(frame));
  CHECK(rte_ring_count(handover.brought()) == 1);
  CHECK(f.dataplane->drop_held() == 0);
  CHECK(rte_ring_count(handover.brought()) == 0);
}

TEST_CASE("before the hand-over what is held for a committed epoch leaves, while nothing is received") {
  Firewall f;
  f.epochs.set_committed(0);
  f.start_and_resume();
  f.greet();
  f.query(4000);
  REQUIRE(eventually([&] { return f.dataplane->held_packets() == 1; }));
  f.settle();
  f.epochs.set_current(2);
  f.query(4001);
  REQUIRE(f.dataplane->barrier().release_held(5s));
  CHECK(f.outside.sent() == 0);
  f.epochs.set_committed(1);
  REQUIRE(f.dataplane->barrier().release_held(5s));
  CHECK(f.sent_by(f.outside).source_port == 4000);
  CHECK(f.inside.waiting() == 1);
  CHECK(f.dataplane->barrier().held() == 0);
}

TEST_CASE("without the right to transmit nothing that is held leaves") {
  Firewall f;
  f.epochs.set_committed(0);
  f.start_and_resume();
  f.greet();
  f.query(4000);
  REQUIRE(eventually([&] { return f.dataplane->held_packets() == 1; }));
  f.settle();
  f.permit.set_until(TransmitPermit::kNever);
  f.epochs.set_committed(1);
  REQUIRE(f.dataplane->barrier().release_held(5s));
  CHECK(f.outside.sent() == 0);
}

}  // namespace stillwater::dataplane
