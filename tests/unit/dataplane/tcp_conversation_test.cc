// Random conversations of two honest endpoints over a network that loses, repeats and reorders, with
// takeovers amid them: no segment is refused. Forged segments that do not know the numbers: none goes on, and
// none changes anything.
#include <cstring>
#include <deque>

#include <catch2/catch.hpp>

#include "dataplane/datapath/session_state.h"
#include "tests/unit/dataplane/tcp_endpoint.h"

using namespace stillwater;
using namespace stillwater::dataplane;
using region::Direction;
using region::SessionState;

namespace {

bool goes_on(TcpFate fate) {
  return fate == TcpFate::take || fate == TcpFate::begin_anew || fate == TcpFate::pass;
}

// What a firewall does with a session's segments, as nodes/session/session_forward.cc does it.
struct Tracker {
  TcpWindow window;
  Progress progress{SessionState::opening, 0};
  bool answered = false;
  std::uint8_t scales = 0;

  TcpFate see(Direction direction, const TcpSegment& segment) {
    const TcpFate fate = judge(window, segment, direction, progress.state);
    const bool is_reset = (segment.flags & kRst) != 0;
    const bool tells = fate == TcpFate::take || fate == TcpFate::begin_anew;
    const bool is_fin = (segment.flags & kFin) != 0;
    const bool believed = !is_fin || (fate == TcpFate::take && is_confirmed(window, direction));
    const SessionState before = progress.state;
    if (is_reset || (tells && believed))
      progress =
          after_tcp(progress, direction, segment.flags,
                    {.responder_answered = answered,
                     .exact_reset = is_reset && is_exact_reset(window, segment, direction, progress.state)});
    if (tells && !is_reset) {
      if (direction == Direction::reply && answers_session(segment.flags)) answered = true;
      take(window, segment, direction, scales, fate);
    }
    if (before == SessionState::opening && progress.state != before) scales = scales_of(window);
    return fate;
  }
  void take_over() {
    window = {};
    answered = true;
  }
  // Both sides were seen, and how they scale is known.
  [[nodiscard]] bool knows() const {
    const auto& [a, b] = window.side;
    return a.spoke != 0 && b.spoke != 0 && a.scale != 0 && b.scale != 0;
  }
};

struct Sent {
  Direction direction;
  TcpSegment segment;
  bool is_past;     // the firewall
  unsigned latest;  // by which move it moves
};

struct Options {
  bool takes_over = false;
  bool forges = false;
};

class Conversation {
 public:
  Conversation(std::uint32_t seed, Options options)
      : random_(seed), options_(options), ends_{TcpEndpoint(traits()), TcpEndpoint(traits())} {}

  void run() {
    ends_[0].open();
    for (int step = 0; step < 10'000 && !(ends_[0].is_done() && ends_[1].is_done()); ++step) {
      if (random_() % 4 == 0) speak(static_cast<Direction>(random_() % 2));
      if (!network_.empty()) move();
      if (options_.takes_over && begun_ && random_() % 200 == 0) tracker_.take_over();
      if (options_.forges && tracker_.progress.state == SessionState::established && random_() % 4 == 0)
        forge();
    }
  }
  [[nodiscard]] bool is_done() const { return ends_[0].is_done() && ends_[1].is_done(); }
  [[nodiscard]] unsigned segments() const { return segments_; }
  [[nodiscard]] unsigned forged() const { return forged_; }

 private:
  // What is under way at most, and how long: less octets than may be late.
  static constexpr std::size_t kUnderWay = 16;
  static constexpr unsigned kPatience = 16;

  TcpEndpoint::Traits traits() {
    TcpEndpoint::Traits traits{.first = random_(), .total = random_() % 100'000};
    if (random_() % 4 == 0) traits.first = 0u - random_() % 100'000;  // numbers go round
    if (random_() % 4 != 0) traits.shift = static_cast<std::uint8_t>(random_() % 15);
    const std::uint32_t shift = traits.shift.value_or(0);
    traits.buffer = std::max(2000 + random_() % 60'000, 4u << shift);
    if (random_() % 3 == 0) traits.buffer <<= std::min(shift, 5u);
    traits.segment_max = 536 + random_() % 925;
    return traits;
  }

  void speak(Direction direction) {
    if (network_.size() >= kUnderWay) return;
    if (const auto segment = ends_[static_cast<unsigned>(direction)].send(random_))
      put(direction, *segment, false);
  }

  void put(Direction direction, const TcpSegment& segment, bool is_past) {
    network_.push_back({direction, segment, is_past, moves_ + kPatience});
  }
  void move() {
    const bool is_due = network_.front().latest <= ++moves_;
    const std::size_t which = is_due ? 0 : random_() % network_.size();
    const Sent moved = network_[which];
    const unsigned luck = random_() % 32;
    if (luck != 0) network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(which));
    if (luck == 1) return;  // lost
    moved.is_past ? arrive(moved) : pass(moved);
  }

  void pass(const Sent& sent) {
    if (!begun_) {
      begin(tracker_.window, sent.segment);
      tracker_.scales = scales_of(tracker_.window);
      begun_ = true;
    } else {
      ++segments_;
      const TcpFate fate = tracker_.see(sent.direction, sent.segment);
      if (!goes_on(fate))
        FAIL("segment " << segments_ << " of direction " << static_cast<unsigned>(sent.direction) << ", seq "
                        << sent.segment.seq << ", ack " << sent.segment.ack << ", length "
                        << sent.segment.length << ", flags " << unsigned{sent.segment.flags} << ", fate "
                        << static_cast<unsigned>(fate));
    }
    put(sent.direction, sent.segment, true);
  }

  void arrive(const Sent& sent) {
    TcpEndpoint& receiver = ends_[1 - static_cast<unsigned>(sent.direction)];
    if (!receiver.receive(sent.segment) || random_() % 3 == 0) return;
    put(static_cast<Direction>(1 - static_cast<unsigned>(sent.direction)), receiver.send_ack(), false);
  }

  // Numbers that are at least 2^30 and some from those of the session: beyond all that a window may be.
  std::uint32_t far_from(std::uint32_t number) {
    constexpr std::uint32_t kLeast = 0x4800'0000;
    return number + kLeast + random_() % (0u - 2 * kLeast);
  }

  void forge() {
    // With a takeover between, what was forged may be all that is known: from one side only, it harms nobody.
    const auto direction = static_cast<Direction>(tracker_.knows() ? random_() % 2 : 0);
    const auto side = static_cast<unsigned>(direction);
    constexpr std::uint8_t kFlags[] = {kRst, kRst | kAck, kSyn, kSyn | kAck, kAck, kAck | kPush, kFin | kAck};
    TcpSegment segment{.seq = far_from(ends_[side].next_number()),
                       .ack = far_from(ends_[1 - side].next_number()),
                       .length = random_() % 1461,
                       .window = static_cast<std::uint16_t>(random_()),
                       .flags = kFlags[random_() % std::size(kFlags)]};
    const bool knew = tracker_.knows();
    const TcpWindow before = tracker_.window;
    const Progress progress = tracker_.progress;
    const TcpFate fate = tracker_.see(direction, segment);
    INFO("forged seq " << segment.seq << ", ack " << segment.ack << ", flags " << unsigned{segment.flags});
    CHECK(tracker_.progress == progress);
    if (!knew) return;
    ++forged_;
    CHECK(goes_on(fate) == (segment.flags == kSyn));  // its receiver challenges it
    CHECK(std::memcmp(&before, &tracker_.window, sizeof(before)) == 0);
  }

  Random random_;
  Options options_;
  TcpEndpoint ends_[2];
  Tracker tracker_;
  std::deque<Sent> network_;
  bool begun_ = false;
  unsigned moves_ = 0;
  unsigned segments_ = 0;
  unsigned forged_ = 0;
};

// Returns how many conversations came to their end, of `count`.
unsigned converse(std::uint32_t count, Options options) {
  unsigned done = 0, segments = 0, forged = 0;
  for (std::uint32_t seed = 1; seed <= count; ++seed) {
    INFO("seed " << seed);
    Conversation conversation(seed, options);
    conversation.run();
    done += conversation.is_done() ? 1 : 0;
    segments += conversation.segments();
    forged += conversation.forged();
  }
  CHECK(segments > 100 * count);
  if (options.forges) CHECK(forged > 100 * count);
  return done;
}

}  // namespace

TEST_CASE("no segment of an honest conversation is refused, whatever the network does") {
  CHECK(converse(200, {}) > 50);
}

TEST_CASE("nor after takeovers amid it") { CHECK(converse(200, {.takes_over = true}) > 50); }

TEST_CASE("blind forgeries do not go on, change nothing, and harm no honest segment") {
  CHECK(converse(100, {.forges = true}) > 25);
}

TEST_CASE("nor after takeovers, where they may come first") {
  CHECK(converse(100, {.takes_over = true, .forges = true}) > 25);
}
