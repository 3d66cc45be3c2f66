// Silence is told from life in time, and not from this node's own stalls.
#include "standby/failure_detector.h"

#include "tests/unit/region/world.h"

namespace stillwater::tests {
namespace {

using standby::FailureDetector;
constexpr Nanos kTimeout = 50ms;
constexpr Nanos kTick = 5ms;
constexpr int kStretchMax = 3;

}  // namespace

TEST_CASE("silence is detected after the timeout, and within a tick of it") {
  for_seeds(200, [](Random& random) {
    FailureDetector detector(kTimeout, kTick, kStretchMax);
    Instant now = 7s;
    detector.start(now);
    Instant last_heard = now;
    // A life with stalls, then silence without.
    for (std::uint64_t beats = below(random, 20); beats > 0; --beats) {
      now +=
          one_in(random, 4) ? Nanos(below(random, Nanos(1s).count())) : Nanos(below(random, kTick.count()));
      detector.heard(now);
      last_heard = now;
      REQUIRE_FALSE(detector.look(now));
    }
    Instant detected{};
    while (detected == Instant{} && now < last_heard + 10s) {
      REQUIRE(detector.look_again_at() > now);
      now = std::min(detector.look_again_at(), now + Nanos(1 + below(random, kTick.count())));
      if (detector.look(now)) detected = now;
    }
    REQUIRE(detected > last_heard + kTimeout);
    REQUIRE(detected <= last_heard + kTimeout + kTick);
    REQUIRE(detector.silence(detected) == detected - last_heard);
  });
}

TEST_CASE("a peer that lives is never blamed, however long this node itself stood still") {
  for_seeds(200, [](Random& random) {
    FailureDetector detector(kTimeout, kTick, kStretchMax);
    Instant now = 7s;
    detector.start(now);
    Instant next_beat = now + 10ms;
    for (int i = 0; i < 300; ++i) {
      now += one_in(random, 10) ? Nanos(below(random, Nanos(3s).count())) : kTick;
      // A stalled node has the heartbeats in its socket; now and then it looks before it reads.
      const bool reads_first = !one_in(random, 3);
      if (now >= next_beat && reads_first) {
        detector.heard(now);
        next_beat = now + 10ms;
      }
      REQUIRE_FALSE(detector.look(now));
      if (now >= next_beat && !reads_first) {
        detector.heard(now);
        next_beat = now + 10ms;
      }
    }
  });
}

TEST_CASE("a stall before the last sign of life does not delay the detection after it") {
  FailureDetector detector(kTimeout, kTick, kStretchMax);
  detector.start(0s);
  detector.heard(10s);  // a stall of ten seconds ends with a heartbeat, the peer's last
  Instant now = 10s;
  while (!detector.look(now) && now < 12s) now += kTick;
  CHECK(now <= 10s + kTimeout + kTick);
}

TEST_CASE("a peer whose heartbeats come late is waited for longer: twice its longest gap, and not for ever") {
  for_seeds(200, [](Random& random) {
    FailureDetector detector(kTimeout, kTick, kStretchMax);
    Instant now = 7s;
    detector.start(now);
    const auto pass = [&](Nanos time) {
      for (const Instant end = now + time; now < end; now = std::min(now + kTick, end))
        REQUIRE_FALSE(detector.look(now));
      detector.heard(now);
    };
    Nanos longest{};
    for (int beats = 0; beats < 20; ++beats) {
      const Nanos gap = Nanos(1 + below(random, kTimeout.count() - 1));
      pass(gap);
      longest = std::max(longest, gap);
    }
    const Nanos expected = std::clamp(2 * longest, kTimeout, kStretchMax * kTimeout);
    REQUIRE(detector.timeout() <= expected);
    REQUIRE(detector.timeout() >= std::max(kTimeout, expected * 9 / 10));  // it fades meanwhile
    REQUIRE(detector.timeout() <= 2 * kTimeout);

    for (int beats = 0; beats < 20'000; ++beats) pass(kTick);
    REQUIRE(detector.timeout() == kTimeout);
  });
}

}  // namespace stillwater::tests
