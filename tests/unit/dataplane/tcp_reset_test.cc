// RST after a takeover and before: believed only where its number is the one that its receiver expects.
#include "dataplane/datapath/tcp_window.h"
#include "tests/unit/dataplane/firewall.h"

using namespace stillwater;
using namespace stillwater::dataplane;
using region::Direction;
using region::SessionState;

namespace {

TcpSegment segment(std::uint8_t flags, std::uint32_t seq, std::uint32_t ack = 0, std::uint32_t data = 0) {
  const std::uint32_t controls = ((flags & kSyn) != 0 ? 1u : 0u) + ((flags & kFin) != 0 ? 1u : 0u);
  return {.seq = seq, .ack = ack, .length = data + controls, .window = 0xffff, .flags = flags};
}
void see(TcpWindow& window, Direction direction, const TcpSegment& seen) {
  take(window, seen, direction, 0, TcpFate::take);
}
bool exact(const TcpWindow& window, Direction direction, std::uint32_t seq) {
  return is_exact_reset(window, segment(kRst, seq), direction, SessionState::established);
}

// A node with one TCP session, client 1000 and server 5000 as numbers to begin with.
struct Connected : Firewall {
  void client(const Segment& segment) {
    inside.put(tcp_frame(kHostMac, kInMac, {kHost, kServer, 4000, 80}, segment));
    take(outside);
  }
  void server(const Segment& segment) {
    outside.put(tcp_frame(kServerMac, kOutMac, {kServer, kOut, 80, 4000}, segment));
    take(inside);
  }
  // Every segment goes on, a RST that is not believed too.
  static void take(RingPort& port) {
    Bytes frame;
    REQUIRE(eventually([&] { return port.take(frame) && frame.size() > 23 && frame[23] == IPPROTO_TCP; }));
  }
  void connect() {
    start_and_resume();
    greet();
    client({kSyn, 999});
    server({kSyn | kAck, 4999, 1000});
    client({kAck, 1000, 5000});
    REQUIRE(state() == SessionState::established);
  }
  [[nodiscard]] SessionState state() {
    SessionState found = SessionState::free;
    ListCursor at;
    REQUIRE(dataplane->list_sessions({}, 1, at, [&](const SessionRow& row) { found = row.state; }));
    return found;
  }
};

TEST_CASE("loose checks keep a connection of which one direction is seen, and strict ones do not") {
  const auto checks = GENERATE(TcpChecks::loose, TcpChecks::strict);
  Firewall f;
  f.config.tcp_checks = checks;
  f.config.source_nat.clear();
  f.start_and_resume();
  f.greet();
  Bytes frame;
  const auto client = [&](const Segment& segment) {
    f.inside.put(tcp_frame(kHostMac, kInMac, {kHost, kServer, 4000, 80}, segment));
  };
  client({kSyn, 999});
  REQUIRE(eventually([&] { return f.outside.take(frame); }));
  for (std::uint32_t seconds = 0; seconds < 120; seconds += 5) {
    client({kAck, 1000 + seconds, 5000});
    if (checks == TcpChecks::loose) REQUIRE(eventually([&] { return f.outside.take(frame); }));
    f.clock.advance(5s);
    f.next_turns();
  }
  f.settle();
  CHECK(f.dataplane->sessions_in_use() == (checks == TcpChecks::loose ? 1 : 0));
}

}  // namespace

TEST_CASE("a RST is exact at the number that its receiver expects, or that its sender has come to") {
  TcpWindow window;
  see(window, Direction::forward, segment(kAck, 1000, 5000, 100));
  see(window, Direction::reply, segment(kAck, 5000, 1040, 20));
  CHECK(exact(window, Direction::forward, 1040));  // what the responder acknowledged
  CHECK(exact(window, Direction::forward, 1100));  // the rest is on its way
  CHECK(exact(window, Direction::reply, 5000));
  CHECK(exact(window, Direction::reply, 5020));
  for (const std::uint32_t other : {0u, 999u, 1039u, 1041u, 1099u, 1101u, 5000u})
    CHECK_FALSE(exact(window, Direction::forward, other));
}

TEST_CASE("SYN and FIN take a number each; what comes late, or twice, moves no edge; numbers go round") {
  TcpWindow window;
  begin(window, segment(kSyn, 0xffff'fff0));
  see(window, Direction::reply, segment(kSyn | kAck, 0, 0xffff'fff1));
  CHECK(exact(window, Direction::forward, 0xffff'fff1));
  see(window, Direction::forward, segment(kAck, 0xffff'fff1, 1, 0x20));
  CHECK(exact(window, Direction::forward, 0x11));
  see(window, Direction::forward, segment(kAck, 0xffff'fff1, 1, 0x10));
  CHECK(exact(window, Direction::forward, 0x11));
  see(window, Direction::forward, segment(kFin | kAck, 0x11, 1));
  CHECK(exact(window, Direction::forward, 0x12));
}

TEST_CASE("a direction of which nothing was seen makes no RST exact, not even one of number 0") {
  const TcpWindow window;
  for (const std::uint32_t seq : {0u, 1u, 5000u}) {
    CHECK_FALSE(exact(window, Direction::forward, seq));
    CHECK_FALSE(exact(window, Direction::reply, seq));
  }
}

TEST_CASE("RFC 9293 3.10.7.3: a RST refuses a connection if it acknowledges the SYN, and only then") {
  TcpWindow window;
  begin(window, segment(kSyn, 999));
  const auto refuses = [&](const TcpSegment& reset) {
    return is_exact_reset(window, reset, Direction::reply, SessionState::opening);
  };
  CHECK(refuses(segment(kRst | kAck, 0, 1000)));
  CHECK_FALSE(refuses(segment(kRst | kAck, 0, 999)));
  CHECK_FALSE(refuses(segment(kRst | kAck, 0, 1001)));
  CHECK_FALSE(refuses(segment(kRst, 0)));
}

TEST_CASE("RFC 5961: a RST that is not exact goes on to be challenged and ends nothing; an exact one ends") {
  Connected f;
  f.connect();
  f.server({kRst, 4990});
  f.server({kRst, 5001});
  f.client({kRst, 1400});
  CHECK(f.state() == SessionState::established);
  f.client({kAck | kPush, 1000, 5000, 10});
  f.server({kRst, 5000});
  CHECK(f.state() == SessionState::closing);
}

TEST_CASE(
    "after a takeover a direction's first packet says where its window is; until then no RST is exact") {
  Connected active;
  active.connect();
  active.dataplane->stop();
  Connected successor;
  std::memcpy(successor.region->base() + region::kDataOffset, active.region->base() + region::kDataOffset,
              active.region->size() - region::kDataOffset);
  successor.start(successor.clock);
  successor.dataplane->on_activate();
  successor.dataplane->barrier().resume();
  successor.greet();
  REQUIRE(successor.state() == SessionState::established);

  successor.clock.advance(3600s);  // no time ends the grace
  successor.server({kRst, 5000});
  CHECK(successor.state() == SessionState::established);
  SECTION("the receiver's challenge says it, and the next RST ends the session") {
    successor.client({kAck, 1000, 5000});
    successor.server({kRst, 5000});
    CHECK(successor.state() == SessionState::closing);
  }
  SECTION("the other direction is still to say it") {
    successor.client({kAck, 1000, 5000});
    successor.client({kRst, 1000});  // where it has come to by its own word
    CHECK(successor.state() == SessionState::closing);
  }
  SECTION("a RST of another number ends nothing afterwards either") {
    successor.client({kAck, 1000, 5000});
    successor.server({kRst, 5001});
    CHECK(successor.state() == SessionState::established);
  }
}

TEST_CASE("a node that lost its role and leads again has forgotten where windows were") {
  Connected f;
  f.connect();
  f.settle();
  f.dataplane->drop_held();
  f.dataplane->barrier().resume();
  f.server({kRst, 5000});
  CHECK(f.state() == SessionState::established);
}

TEST_CASE("a session that both sides closed, or a RST ended, is soon over; one closed half way is not") {
  Connected f;
  f.connect();
  f.clock.advance(7s);  // less than a step of what is seen
  f.next_turns();
  f.client({kFin | kAck, 1000, 5000});
  const auto closed = f.config.timeouts.tcp_closed_s;
  const auto seconds_pass = [&](std::uint32_t seconds) {
    for (std::uint32_t second = 0; second < seconds; ++second) {
      f.clock.advance(1s);
      f.next_turns();
    }
  };
  seconds_pass(closed + 3);
  REQUIRE(f.dataplane->sessions_in_use() == 1);
  SECTION("by FINs") { f.server({kFin | kAck, 5000, 1001}); }
  SECTION("by a RST") { f.server({kRst, 5000}); }
  seconds_pass(closed - 1);
  CHECK(f.dataplane->sessions_in_use() == 1);
  f.clock.advance(2s);
  CHECK(eventually([&] { return f.clock.advance(100ms), f.dataplane->sessions_in_use() == 0; }));
}
