// The right to transmit: it ends at the active before the standby that granted it may transmit.
#include "standby/roles/lease.h"

#include <deque>

#include "tests/unit/region/world.h"

namespace stillwater::tests {
namespace {

using standby::Grant;
using standby::Lease;

constexpr Nanos kLength = 20ms;
constexpr Nanos kMargin = 2ms;

struct Side {
  TransmitPermit permit;
  Lease lease{permit, kLength, kMargin};
};

}  // namespace

TEST_CASE("a node transmits by nobody's grant, then by its standby's, and alone for ever") {
  Side active;
  CHECK_FALSE(active.permit.holds(1s));
  active.lease.transmit_under(5);
  CHECK_FALSE(active.permit.holds(1s));
  active.lease.granted({1s, 5}, 2s);
  CHECK(active.permit.holds(1s + kLength - kMargin - 1ns));
  CHECK_FALSE(active.permit.holds(1s + kLength - kMargin));
  active.lease.transmit_alone();
  CHECK(active.permit.holds(3'600'000s));
  active.lease.fall_silent();
  CHECK_FALSE(active.permit.holds(0s));
}

TEST_CASE("a grant of another term, of no stamp, or of an older stamp changes nothing") {
  Side active;
  active.lease.transmit_under(5);
  active.lease.granted({1s, 5}, 2s);
  const Instant until = active.lease.until();
  active.lease.granted({2s, 4}, 2s);
  active.lease.granted({2s, 6}, 2s);
  active.lease.granted({Instant{}, 5}, 2s);
  active.lease.granted({Instant::min(), 5}, 2s);
  active.lease.granted({900ms, 5}, 2s);
  CHECK(active.lease.until() == until);
}

TEST_CASE("a grant of a stamp that is still to come lends nothing, however late it may be") {
  Side active;
  active.lease.transmit_under(5);
  active.lease.granted({1s + 1ns, 5}, 1s);
  active.lease.granted({Instant::max(), 5}, 1s);
  CHECK(active.lease.until() == TransmitPermit::kNever);
  active.lease.granted({1s, 5}, 1s);
  CHECK(active.lease.until() == 1s + kLength - kMargin);
}

TEST_CASE("what was granted holds on into the next term; a grant that comes after silence does not count") {
  Side active;
  active.lease.transmit_under(5);
  active.lease.granted({1s, 5}, 2s);
  active.lease.transmit_under(6);
  CHECK(active.permit.holds(1s));
  active.lease.fall_silent();
  active.lease.granted({1s, 6}, 2s);
  CHECK_FALSE(active.permit.holds(1s));
  active.lease.transmit_under(7);
  CHECK_FALSE(active.permit.holds(1s));
}

TEST_CASE("a standby grants its active's newest heartbeat in its term, and nothing once it has stopped") {
  Side standby;
  standby.lease.active_heard(1s, 5, 50s);
  CHECK(standby.lease.grant().stamp == Instant{});
  standby.lease.grant_in(5);
  standby.lease.active_heard(1s, 4, 50s);
  CHECK(standby.lease.grant().stamp == Instant{});
  standby.lease.active_heard(2s, 5, 51s);
  standby.lease.active_heard(1s, 5, 52s);  // late
  CHECK(standby.lease.grant().stamp == 2s);
  CHECK(standby.lease.grants_end() == 51s + kLength);
  standby.lease.stop_granting();
  CHECK(standby.lease.grant().stamp == Instant{});
  standby.lease.active_heard(3s, 5, 53s);
  CHECK(standby.lease.grants_end() == 51s + kLength);
  standby.lease.grants_are_void();
  CHECK(standby.lease.grants_end() == Instant{});
}

TEST_CASE("whatever is delayed, lost or repeated: the active is silent before its standby may transmit") {
  for_seeds(500, [](Random& random) {
    Side active, standby;
    // The two clocks differ by an offset, and in pace by up to what the margin covers.
    const Nanos offset = Nanos(below(random, 1'000'000'000'000));
    const double pace = 0.96 + static_cast<double>(below(random, 80)) / 1000.0;
    const auto by_standby = [&](Instant t) {
      return offset + Nanos(static_cast<std::int64_t>(static_cast<double>(t.count()) * pace));
    };
    struct Beat {
      Instant arrives, stamp;
    };
    struct Answer {
      Instant arrives;
      Grant grant;
    };
    std::deque<Beat> beats;
    std::deque<Answer> answers;
    active.lease.transmit_under(1);
    standby.lease.grant_in(1);
    const Instant stops = 100ms + Nanos(below(random, 100'000'000));
    bool stopped = false;
    const auto delay = [&] { return Nanos(below(random, one_in(random, 10) ? 60'000'000 : 3'000'000)); };
    for (Instant now = 1ms; now < 400ms; now += 200us) {
      if (now.count() % 2'000'000 == 0 && !one_in(random, 5)) beats.push_back({now + delay(), now});
      for (const Beat& beat : beats)
        if (beat.arrives <= now && beat.arrives > now - 200us)
          standby.lease.active_heard(beat.stamp, 1, by_standby(now));
      if (!stopped && now >= stops) {
        standby.lease.stop_granting();
        stopped = true;
      }
      if (now.count() % 1'000'000 == 0) answers.push_back({now + delay(), standby.lease.grant()});
      for (const Answer& answer : answers)
        if (answer.arrives <= now && answer.arrives > now - 200us) active.lease.granted(answer.grant, now);
      if (stopped && by_standby(now) >= standby.lease.grants_end()) REQUIRE_FALSE(active.permit.holds(now));
    }
    REQUIRE(stopped);
  });
}

}  // namespace stillwater::tests
