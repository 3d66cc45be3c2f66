// What becomes of segments that are honest, late, repeated, forged, by what was seen of their session.
#include "dataplane/datapath/tcp_window.h"

#include <cstring>
#include <optional>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/dataplane/frames.h"

using namespace stillwater;
using namespace stillwater::dataplane;
using region::Direction;
using region::SessionState;

namespace {

constexpr auto kForward = Direction::forward, kReply = Direction::reply;
constexpr std::uint32_t kFar = 0x4000'0000;

// One session. The client's first number is 1000, the server's 5000.
struct Tracked {
  TcpWindow window;
  SessionState state = SessionState::opening;

  static TcpSegment segment(std::uint8_t flags, std::uint32_t seq, std::uint32_t ack = 0,
                            std::uint32_t data = 0, std::uint16_t offers = 0xffff, std::uint8_t scale = 0) {
    const std::uint32_t controls = ((flags & kSyn) != 0 ? 1u : 0u) + ((flags & kFin) != 0 ? 1u : 0u);
    return {seq, ack, data + controls, offers, flags, scale};
  }
  TcpFate see(Direction direction, const TcpSegment& seen) {
    const TcpFate fate = judge(window, seen, direction, state);
    if (fate == TcpFate::take || fate == TcpFate::begin_anew) take(window, seen, direction, scales, fate);
    return fate;
  }
  // Nothing but the fate is asked for.
  [[nodiscard]] TcpFate fate(Direction direction, const TcpSegment& seen) const {
    return judge(window, seen, direction, state);
  }
  // `shift`: of both sides; none: neither offers the option.
  void connect(std::optional<unsigned> shift = std::nullopt, std::uint16_t offers = 0xffff) {
    const auto option = static_cast<std::uint8_t>(shift ? *shift + 1 : 0);
    begin(window, segment(kSyn, 999, 0, 0, offers, option));
    REQUIRE(see(kReply, segment(kSyn | kAck, 4999, 1000, 0, offers, option)) == TcpFate::take);
    REQUIRE(see(kForward, segment(kAck, 1000, 5000, 0, offers)) == TcpFate::take);
    state = SessionState::established;
    scales = scales_of(window);
  }
  void take_over() { window = {}; }

  std::uint8_t scales = 0;  // as the session has them
};

}  // namespace

TEST_CASE("RFC 9293 3.1: flags that a segment can have, whatever PSH, URG, ECE and CWR say") {
  const auto valid = [](unsigned flags) {
    switch (flags & (kSyn | kAck | kFin | kRst)) {
      case kSyn:
      case kSyn | kAck:
      case kAck:
      case kFin | kAck:
      case kRst:
      case kRst | kAck:
        return true;
      default:
        return false;
    }
  };
  for (unsigned flags = 0; flags < 256; ++flags) {
    INFO("flags " << flags);
    CHECK(are_valid_flags(static_cast<std::uint8_t>(flags)) == valid(flags));
  }
}

TEST_CASE("data goes on up to the end of its receiver's window, not beyond it") {
  Tracked s;
  s.connect();
  CHECK(s.fate(kForward, Tracked::segment(kAck, 1000 + 0xffff, 5000, 100)) == TcpFate::take);
  CHECK(s.fate(kForward, Tracked::segment(kAck, 1000 + 0x1'0000, 5000, 100)) == TcpFate::out_of_window);
  CHECK(s.fate(kForward, Tracked::segment(kRst, 1000 + 0x1'0000)) == TcpFate::out_of_window);
  CHECK(s.fate(kForward, Tracked::segment(kRst, 1000 + 0xffff)) == TcpFate::pass);
  CHECK(s.fate(kForward, Tracked::segment(kAck, 1000 - kFar, 5000, 100)) == TcpFate::out_of_window);
}

TEST_CASE("what was sent may be acknowledged, and again; what was not, not") {
  Tracked s;
  s.connect();
  REQUIRE(s.see(kForward, Tracked::segment(kAck, 1000, 5000, 500)) == TcpFate::take);
  CHECK(s.fate(kReply, Tracked::segment(kAck, 5000, 1500)) == TcpFate::take);
  CHECK(s.fate(kReply, Tracked::segment(kAck, 5000, 1000)) == TcpFate::take);
  CHECK(s.fate(kReply, Tracked::segment(kAck, 5000, 1501)) == TcpFate::bad_ack);
  CHECK(s.fate(kReply, Tracked::segment(kAck, 5000, 1000 - kFar)) == TcpFate::bad_ack);
}

TEST_CASE("a keep-alive one below, with an octet or without, and a repetition of what was sent go on") {
  Tracked s;
  s.connect();
  REQUIRE(s.see(kForward, Tracked::segment(kAck, 1000, 5000, 500)) == TcpFate::take);
  for (const std::uint32_t data : {0u, 1u})
    CHECK(s.fate(kForward, Tracked::segment(kAck, 1499, 5000, data)) == TcpFate::take);
  CHECK(s.fate(kForward, Tracked::segment(kAck, 1000, 5000, 500)) == TcpFate::take);
}

TEST_CASE("RFC 9293 3.8.6.1: a window of 0 is probed by an octet at its edge, and by no more beyond") {
  Tracked s;
  s.connect();
  REQUIRE(s.see(kForward, Tracked::segment(kAck, 1000, 5000, 0xffff)) == TcpFate::take);
  REQUIRE(s.see(kReply, Tracked::segment(kAck, 5000, 1000 + 0xffff, 0, 0)) == TcpFate::take);
  CHECK(s.see(kForward, Tracked::segment(kAck, 1000 + 0xffff, 5000, 1)) == TcpFate::take);
  CHECK(s.see(kForward, Tracked::segment(kAck, 1000 + 0xffff, 5000, 1)) == TcpFate::take);
  CHECK(s.fate(kForward, Tracked::segment(kAck, 1000 + 0x1'0001, 5000, 1)) == TcpFate::out_of_window);
  CHECK(s.fate(kReply, Tracked::segment(kAck, 5000, 1000 + 0x1'0000, 0, 0xffff)) == TcpFate::take);
}

TEST_CASE("RFC 7323 2: windows are scaled where both SYNs say so, and those of SYNs themselves never are") {
  Tracked s;
  const auto reaches = [&s](std::uint32_t bytes) {
    return s.fate(kForward, Tracked::segment(kAck, 1000 + bytes, 5000, 1)) == TcpFate::take;
  };
  SECTION("both, by 7") {
    s.connect(7, 1000);
    CHECK_FALSE(reaches(1001));  // the answer's own window is 1000
    REQUIRE(s.see(kReply, Tracked::segment(kAck, 5000, 1000, 0, 1000)) == TcpFate::take);
    CHECK(reaches(1000 << 7));
    CHECK_FALSE(reaches((1000 << 7) + 1));
  }
  SECTION("the initiator alone") {
    begin(s.window, Tracked::segment(kSyn, 999, 0, 0, 1000, 8));
    REQUIRE(s.see(kReply, Tracked::segment(kSyn | kAck, 4999, 1000, 0, 1000)) == TcpFate::take);
    REQUIRE(s.see(kForward, Tracked::segment(kAck, 1000, 5000, 0, 1000)) == TcpFate::take);
    REQUIRE(s.see(kReply, Tracked::segment(kAck, 5000, 1000, 0, 1000)) == TcpFate::take);
    CHECK(reaches(1000));
    CHECK_FALSE(reaches(1001));
    CHECK(scales_of(s.window) == 0x11);
  }
  SECTION("an initiator that offers none is offered none") {
    begin(s.window, Tracked::segment(kSyn, 999, 0, 0, 1000));
    REQUIRE(s.see(kReply, Tracked::segment(kSyn | kAck, 4999, 1000, 0, 1000, 8)) == TcpFate::take);
    CHECK(scales_of(s.window) == 0x11);
  }
  SECTION("the largest") {
    s.connect(14);
    REQUIRE(s.see(kReply, Tracked::segment(kAck, 5000, 1000)) == TcpFate::take);
    CHECK(reaches(0xffffu << 14));
    CHECK_FALSE(reaches((0xffffu << 14) + 1));
  }
}

TEST_CASE("RFC 7323 2.2: the option is found among others; one that is cut or malformed is none") {
  const auto scale_of = [](const std::vector<std::uint8_t>& options, std::uint8_t flags = kSyn) {
    Bytes frame = tcp_frame(1, 2, {1, 2, 3, 4}, {.flags = flags, .seq = 1});
    frame.insert(frame.end(), options.begin(), options.end());
    Packet packet;
    packet.ip = reinterpret_cast<rte_ipv4_hdr*>(&frame[RTE_ETHER_HDR_LEN]);
    packet.ip->total_length = htons(static_cast<std::uint16_t>(frame.size() - RTE_ETHER_HDR_LEN));
    packet.l4 = reinterpret_cast<std::uint8_t*>(packet.ip + 1);
    packet.l4_as<rte_tcp_hdr>()->data_off = static_cast<std::uint8_t>((5 + options.size() / 4) << 4);
    packet.tcp_flags = flags;
    const TcpSegment segment = segment_of(packet);
    CHECK(segment.length == ((flags & kSyn) != 0 ? 1u : 0u));
    return segment.scale;
  };
  CHECK(scale_of({}) == 0);
  CHECK(scale_of({1, 3, 3, 7}) == 8);
  CHECK(scale_of({2, 4, 5, 0xb4, 1, 3, 3, 0}) == 1);
  CHECK(scale_of({3, 3, 200, 0}) == 15);  // more than 14 counts as 14 (RFC 7323 section 2.3)
  CHECK(scale_of({0, 3, 3, 7}) == 0);     // behind the end
  CHECK(scale_of({1, 1, 3, 3}) == 0);
  CHECK(scale_of({1, 1, 1, 3}) == 0);
  CHECK(scale_of({8, 0, 3, 7}) == 0);
  CHECK(scale_of({8, 1, 3, 7}) == 0);
  CHECK(scale_of({8, 40, 3, 7}) == 0);
  CHECK(scale_of({3, 2, 1, 1}) == 0);
  CHECK(scale_of({1, 3, 3, 7}, kAck) == 0);
}

TEST_CASE("RFC 5961 4: a SYN amid a session goes on to be challenged, and changes nothing") {
  Tracked s;
  s.connect();
  const TcpWindow before = s.window;
  for (const std::uint32_t seq : {999u, 1000u, 77u, 1000u + kFar})
    for (const Direction direction : {kForward, kReply})
      CHECK(s.see(direction, Tracked::segment(kSyn, seq)) == TcpFate::pass);
  CHECK(std::memcmp(&before, &s.window, sizeof(before)) == 0);
}

TEST_CASE("a SYN with ACK goes on only as an answer, and its repetition") {
  Tracked s;
  begin(s.window, Tracked::segment(kSyn, 999));
  CHECK(s.fate(kForward, Tracked::segment(kSyn | kAck, 999, 5000)) == TcpFate::unasked);
  CHECK(s.fate(kReply, Tracked::segment(kSyn | kAck, 4999, 999)) == TcpFate::unasked);
  CHECK(s.fate(kReply, Tracked::segment(kSyn | kAck, 4999, 1001)) == TcpFate::unasked);
  REQUIRE(s.see(kReply, Tracked::segment(kSyn | kAck, 4999, 1000)) == TcpFate::take);
  CHECK(s.fate(kReply, Tracked::segment(kSyn | kAck, 4999, 1000)) == TcpFate::take);
  REQUIRE(s.see(kForward, Tracked::segment(kAck, 1000, 5000)) == TcpFate::take);
  s.state = SessionState::established;
  CHECK(s.fate(kReply, Tracked::segment(kSyn | kAck, 4999, 1000)) == TcpFate::pass);
  CHECK(s.fate(kReply, Tracked::segment(kSyn | kAck, 4999 + kFar, 1000)) == TcpFate::out_of_window);
  CHECK(s.fate(kReply, Tracked::segment(kSyn | kAck, 4999, 1000 + kFar)) == TcpFate::bad_ack);
}

TEST_CASE("before the responder answered there is nothing to acknowledge, and nothing to send") {
  Tracked s;
  begin(s.window, Tracked::segment(kSyn, 999));
  CHECK(s.fate(kForward, Tracked::segment(kAck, 1000, 5000)) == TcpFate::unasked);
  CHECK(s.fate(kForward, Tracked::segment(kFin | kAck, 1000, 5000)) == TcpFate::unasked);
  CHECK(s.fate(kReply, Tracked::segment(kAck, 5000, 1000, 10)) == TcpFate::unasked);
}

TEST_CASE("RFC 7413: a SYN may carry data, of which the answer acknowledges all or none") {
  Tracked s;
  begin(s.window, Tracked::segment(kSyn, 999, 0, 100));
  SECTION("none") { CHECK(s.see(kReply, Tracked::segment(kSyn | kAck, 4999, 1000)) == TcpFate::take); }
  SECTION("all") { CHECK(s.see(kReply, Tracked::segment(kSyn | kAck, 4999, 1100)) == TcpFate::take); }
  SECTION("more") { CHECK(s.see(kReply, Tracked::segment(kSyn | kAck, 4999, 1101)) == TcpFate::unasked); }
}

TEST_CASE("RFC 9293 3.5: both sides begin at once") {
  Tracked s;
  begin(s.window, Tracked::segment(kSyn, 999));
  REQUIRE(s.see(kReply, Tracked::segment(kSyn, 4999)) == TcpFate::take);
  REQUIRE(s.see(kForward, Tracked::segment(kSyn | kAck, 999, 5000)) == TcpFate::take);
  REQUIRE(s.see(kReply, Tracked::segment(kSyn | kAck, 4999, 1000)) == TcpFate::take);
  REQUIRE(s.see(kForward, Tracked::segment(kAck, 1000, 5000, 10)) == TcpFate::take);
  CHECK(s.see(kReply, Tracked::segment(kAck, 5000, 1010, 10)) == TcpFate::take);
}

TEST_CASE("RFC 9293 3.5.1: a responder that knows an older connection is asked to forget it") {
  Tracked s;
  begin(s.window, Tracked::segment(kSyn, 999));
  CHECK(s.see(kReply, Tracked::segment(kAck, 77, 88)) == TcpFate::pass);
  CHECK(s.see(kForward, Tracked::segment(kRst, 88)) == TcpFate::pass);
  CHECK_FALSE(is_exact_reset(s.window, Tracked::segment(kRst, 88), kForward, s.state));
  CHECK(s.see(kForward, Tracked::segment(kSyn, 999)) == TcpFate::take);
  CHECK(s.see(kReply, Tracked::segment(kSyn | kAck, 4999, 1000)) == TcpFate::take);
}

TEST_CASE("an initiator that begins again with another number, unanswered, is answered") {
  Tracked s;
  begin(s.window, Tracked::segment(kSyn, 999));
  REQUIRE(s.see(kForward, Tracked::segment(kSyn, 999 + kFar)) == TcpFate::take);
  SECTION("the later one") {
    REQUIRE(s.see(kReply, Tracked::segment(kSyn | kAck, 4999, 1000 + kFar)) == TcpFate::take);
    CHECK(s.see(kForward, Tracked::segment(kAck, 1000 + kFar, 5000, 10)) == TcpFate::take);
  }
  SECTION("the former, the later having been forged") {
    REQUIRE(s.see(kReply, Tracked::segment(kSyn | kAck, 4999, 1000)) == TcpFate::take);
    CHECK(s.see(kForward, Tracked::segment(kAck, 1000, 5000, 10)) == TcpFate::take);
  }
}

TEST_CASE("after a takeover each side's first segment is taken at its word, whatever it was") {
  Tracked s;
  s.connect(7);
  REQUIRE(s.see(kForward, Tracked::segment(kAck, 1000, 5000, 50'000)) == TcpFate::take);
  s.take_over();
  SECTION("a repetition; then the rest is acknowledged, which this node never saw") {
    REQUIRE(s.see(kForward, Tracked::segment(kAck, 1000, 5000, 100)) == TcpFate::take);
    CHECK(s.see(kReply, Tracked::segment(kAck, 5000, 51'000)) == TcpFate::take);
  }
  SECTION("an acknowledgement of long ago; then what a later one allows") {
    REQUIRE(s.see(kReply, Tracked::segment(kAck, 5000, 1000, 0, 8)) == TcpFate::take);
    CHECK(s.see(kForward, Tracked::segment(kAck, 51'000, 5000, 100)) == TcpFate::take);
  }
  SECTION("new data; then a repetition from a large window below") {
    REQUIRE(s.see(kForward, Tracked::segment(kAck, 1000 + (0xffffu << 7), 5000, 100)) == TcpFate::take);
    CHECK(s.see(kForward, Tracked::segment(kAck, 1000, 5000, 100)) == TcpFate::take);
  }
  CHECK(s.fate(kForward, Tracked::segment(kAck, 1000 + kFar, 5000, 1)) != TcpFate::take);
}

TEST_CASE("after a takeover a forged segment is found out by the next honest one, of either side") {
  Tracked s;
  s.connect();
  s.take_over();
  REQUIRE(s.see(kForward, Tracked::segment(kAck, 1000 + kFar, 5000 + kFar, 10)) == TcpFate::take);
  const Direction next = GENERATE(kForward, kReply);
  if (next == kForward)
    CHECK(s.see(kForward, Tracked::segment(kAck, 1000, 5000, 10)) == TcpFate::begin_anew);
  else
    CHECK(s.see(kReply, Tracked::segment(kAck, 5000, 1000, 10)) == TcpFate::begin_anew);
  CHECK(s.see(kForward, Tracked::segment(kAck, 1000, 5000, 10)) == TcpFate::take);
  CHECK(s.see(kReply, Tracked::segment(kAck, 5000, 1010, 10)) == TcpFate::take);
  CHECK(s.see(kForward, Tracked::segment(kAck, 1000 + kFar, 5000 + kFar)) == TcpFate::out_of_window);
}

TEST_CASE("a FIN that is the first segment after a takeover is not believed until its peer has spoken") {
  Tracked s;
  s.connect();
  CHECK(is_confirmed(s.window, kForward));
  s.take_over();
  CHECK_FALSE(is_confirmed(s.window, kForward));
  REQUIRE(s.see(kForward, Tracked::segment(kFin | kAck, 1000, 5000)) == TcpFate::take);
  CHECK_FALSE(is_confirmed(s.window, kForward));
  CHECK(is_confirmed(s.window, kReply));
  REQUIRE(s.see(kReply, Tracked::segment(kAck, 5000, 1001)) == TcpFate::take);
  CHECK(is_confirmed(s.window, kForward));
}

TEST_CASE("what a takeover loosened is as narrow as before some minutes later, once both sides spoke") {
  Tracked s;
  s.connect();
  s.take_over();
  REQUIRE(s.see(kForward, Tracked::segment(kAck, 1000, 5000, 10)) == TcpFate::take);
  settle(s.window);
  settle(s.window);  // only one has spoken
  REQUIRE(s.see(kReply, Tracked::segment(kAck, 5000, 1010, 10)) == TcpFate::take);
  const TcpSegment beyond = Tracked::segment(kAck, 1010 + 0x1'0000, 5010, 10);
  CHECK(s.fate(kForward, beyond) == TcpFate::take);
  settle(s.window);
  CHECK(s.fate(kForward, beyond) == TcpFate::take);
  settle(s.window);
  CHECK(s.fate(kForward, beyond) == TcpFate::out_of_window);
}
