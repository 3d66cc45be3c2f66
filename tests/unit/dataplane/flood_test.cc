// A firewall under a flood of handshakes that nobody completes, and sources that open too much.
#include "tests/unit/dataplane/traces.h"
#include "tests/unit/random.h"

namespace stillwater::dataplane {
namespace {

constexpr std::uint32_t kTable = 256;  // sessions that the table holds

struct Flooded : Firewall {
  Flooded() { config.source_nat.clear(); }
  void begin() {
    start_and_resume();
    greet();
  }
  void client(std::uint16_t port, const Segment& segment, std::uint32_t host = kHost) {
    inside.put(tcp_frame(kHostMac, kInMac, {host, kServer, port, 80}, segment));
  }
  void server(std::uint16_t port, const Segment& segment) {
    outside.put(tcp_frame(kServerMac, kOutMac, {kServer, kHost, 80, port}, segment));
  }
  // One TCP segment leaves.
  static void take(RingPort& port) {
    Bytes frame;
    REQUIRE(eventually([&] { return port.take(frame) && frame.size() > 23 && frame[23] == IPPROTO_TCP; }));
  }
  void connect(std::uint16_t port) {
    client(port, {kSyn, 999});
    take(outside);
    server(port, {kSyn | kAck, 4999, 1000});
    take(inside);
    client(port, {kAck, 1000, 5000});
    take(outside);
  }
  void flood(Random& random, unsigned syns) {
    for (unsigned i = 0; i < syns; ++i) {
      const std::uint32_t host = ipv4(10, 80, 1, 100 + random() % 100);
      client(static_cast<std::uint16_t>(random()), {kSyn, random()}, host);
      if (i % 64 == 63) drain();
    }
    drain();
  }
  void drain() {
    REQUIRE(eventually([&] { return inside.waiting() == 0; }));
    next_turns();
    Bytes frame;
    while (outside.take(frame)) {
    }
  }
  void pass_seconds(unsigned seconds) {
    for (unsigned second = 0; second < seconds; ++second) {
      clock.advance(1s);
      next_turns();
    }
  }
  std::uint64_t dropped(const std::string& reason) {
    clock.advance(150ms);
    next_turns();
    const auto drops = dataplane->drops();
    const auto found = drops.find(reason);
    return found == drops.end() ? 0 : found->second;
  }
};

}  // namespace

TEST_CASE("a flood of SYNs that fills the table again and again ends no established session, of any peer") {
  const std::uint32_t seed = GENERATE(1u, 2u, 3u);
  INFO("seed " << seed);
  Random random(seed);
  Flooded f;
  f.begin();
  const auto known = static_cast<std::uint16_t>(1 + random() % 40);
  for (std::uint16_t port = 0; port < known; ++port) f.connect(static_cast<std::uint16_t>(4000 + port));
  std::uint32_t sent = 1000;
  for (int wave = 0; wave < 4; ++wave) {
    f.flood(random, 300 + random() % 200);
    CHECK(f.dataplane->sessions_in_use() == kTable);
    for (std::uint16_t port = 0; port < known; ++port) {
      f.client(static_cast<std::uint16_t>(4000 + port), {kAck | kPush, sent, 5000, 10});
      f.take(f.outside);
      f.server(static_cast<std::uint16_t>(4000 + port), {kAck, 5000, sent + 10});
      f.take(f.inside);
    }
    sent += 10;
    f.connect(static_cast<std::uint16_t>(5000 + wave));  // who is honest gets in, too
    f.connect(static_cast<std::uint16_t>(6000 + wave));
  }
  CHECK(f.dropped("sessions_full") == 0);
  CHECK(f.dropped("tcp_unasked") == 0);
}

TEST_CASE("in a full table the oldest that is opening gives way; where there is none, the new one does") {
  Flooded f;
  f.begin();
  REQUIRE(f.dataplane->sessions_max() == kTable);
  f.connect(3999);
  for (std::uint16_t port = 4000; port < 4000 + kTable - 1; ++port) f.client(port, {kSyn, 999});
  f.drain();
  REQUIRE(f.dataplane->sessions_in_use() == kTable);
  f.server(4000, {kSyn | kAck, 4999, 1000});  // the oldest is about to be established
  f.take(f.inside);
  f.client(4000, {kAck, 1000, 5000});
  f.take(f.outside);
  f.client(5000, {kSyn, 999});
  f.take(f.outside);
  f.server(4001, {kSyn | kAck, 4999, 1000});  // that which gave way
  CHECK(eventually([&] { return f.dropped("no_session") == 1; }));
  f.server(4002, {kSyn | kAck, 4999, 1000});
  f.take(f.inside);
  for (std::uint16_t port = 4002; port < 4000 + kTable - 1; ++port) {
    if (port != 4002) {
      f.server(port, {kSyn | kAck, 4999, 1000});
      f.take(f.inside);
    }
    f.client(port, {kAck, 1000, 5000});
    f.take(f.outside);
  }
  f.server(5000, {kSyn | kAck, 4999, 1000});
  f.take(f.inside);
  f.client(5000, {kAck, 1000, 5000});
  f.take(f.outside);
  f.client(6000, {kSyn, 999});
  CHECK(eventually([&] { return f.dropped("sessions_full") == 1; }));
  CHECK(f.dataplane->sessions_in_use() == kTable);
}

TEST_CASE("who gives way gives its NAT port back, for others once that is committed") {
  Flooded f;
  f.config.source_nat = {
      {.from = {"inside"}, .to = {"outside"}, .address = kOut, .ports = {4000, 4000 + kTable}}};
  f.epochs.set_committed(0);
  f.config.hold_packets_max = 1024;
  f.begin();
  for (std::uint16_t port = 4000; port < 4000 + kTable + 1; ++port) f.client(port, {kSyn, 999});
  f.settle();
  f.epochs.set_current(2);
  f.epochs.set_committed(1);
  f.dataplane->barrier().resume();
  f.drain();
  REQUIRE(f.dataplane->sessions_in_use() == kTable);
  f.client(5000, {kSyn, 999});  // in the place of 4001, with the port of 4000
  f.settle();
  f.epochs.set_current(3);
  f.epochs.set_committed(2);
  f.dataplane->barrier().resume();
  Bytes frame;
  REQUIRE(eventually([&] { return f.outside.take(frame) && frame[23] == IPPROTO_TCP; }));
  CHECK(flow_of(frame).source_port == 4000);
}

TEST_CASE("time for handshakes shrinks while many are open, and what is left of it is given to the next") {
  const bool few = GENERATE(true, false);
  Flooded f;
  f.config.limits.half_open_max = few ? 8 : kTable;
  f.begin();
  for (std::uint16_t port = 4000; port < 4200; ++port) f.client(port, {kSyn, 999});
  f.drain();
  REQUIRE(f.dataplane->sessions_in_use() == 200);
  f.pass_seconds(f.config.timeouts.tcp_opening_s - 8);
  CHECK((f.dataplane->sessions_in_use() == 200) != few);
  CHECK(f.dataplane->sessions_in_use() >= 8);  // they have all of their time
  f.pass_seconds(20);
  CHECK(f.dataplane->sessions_in_use() == 0);
}

TEST_CASE("limits of a source: sessions, half open ones, new ones in a second; a trace foresees them") {
  Flooded f;
  const auto refused = [&f] { return f.dropped("source_limit"); };
  SECTION("sessions") {
    f.config.limits.sessions_per_source = 2;
    f.begin();
    f.query(4000);
    f.query(4001);
    f.drain();
    CHECK(traced(f, {.port = "inside", .packet = udp_frame(kHostMac, kInMac, {kHost, kServer, 4002, 53})})
              .reason == "source_limit");
    f.query(4002);
    f.query(4000);  // a known one
    CHECK(eventually([&] { return refused() == 1; }));
    f.inside.put(udp_frame(kHostMac, kInMac, {kHost + 1, kServer, 4002, 53}));
    CHECK(eventually([&] { return f.dataplane->sessions_in_use() == 3; }));
    REQUIRE(f.dataplane->end_sessions({.protocol = IPPROTO_UDP}).value() == 3);
    f.query(4002);
    CHECK(eventually([&] { return f.dataplane->sessions_in_use() == 1; }));
    CHECK(refused() == 1);
  }
  SECTION("half open") {
    f.config.limits.half_open_per_source = 1;
    f.begin();
    f.connect(4000);
    f.client(4001, {kSyn, 999});
    f.take(f.outside);
    f.client(4002, {kSyn, 999});
    CHECK(eventually([&] { return refused() == 1; }));
    f.query();  // no TCP
    CHECK(eventually([&] { return f.dataplane->sessions_in_use() == 3; }));
    f.server(4001, {kRst | kAck, 0, 1000});
    f.take(f.inside);
    f.connect(4002);
    CHECK(refused() == 1);
  }
  SECTION("in a second") {
    f.config.limits.new_per_s_per_source = 2;
    f.begin();
    f.query(4000);
    f.query(4001);
    f.query(4002);
    f.drain();
    CHECK(eventually([&] { return refused() == 1; }));
    f.pass_seconds(1);
    f.query(4002);
    CHECK(eventually([&] { return f.dataplane->sessions_in_use() == 3; }));
  }
}

TEST_CASE("after a takeover a source's sessions count as soon as they were found again") {
  Flooded active;
  active.config.limits.sessions_per_source = 2;
  active.begin();
  active.query(4000);
  active.query(4001);
  active.settle();
  active.dataplane->stop();
  Flooded successor;
  successor.config.limits.sessions_per_source = 2;
  std::memcpy(successor.region->base() + region::kDataOffset, active.region->base() + region::kDataOffset,
              active.region->size() - region::kDataOffset);
  successor.start(successor.clock);
  successor.dataplane->on_activate();
  successor.dataplane->barrier().resume();
  successor.greet();
  successor.pass_seconds(2);
  successor.query(4002);
  CHECK(eventually([&] { return successor.dropped("source_limit") == 1; }));
}

}  // namespace stillwater::dataplane
