// How long a pause a port absorbs, from what it receives.
#include "quiesce/headroom.h"

#include <catch2/catch.hpp>

using namespace stillwater;
using namespace stillwater::quiesce;

TEST_CASE("a port absorbs as long a pause as its rings last at the rate at which packets arrive") {
  ReceiveRate rate;
  rate.sample(Instant(0s), 500);
  CHECK(rate.packets_per_s() == 0);
  CHECK_FALSE(receive_headroom(512, rate.packets_per_s()));
  rate.sample(Instant(1s), 100'500);
  CHECK(rate.packets_per_s() == Approx(100'000));
  REQUIRE(receive_headroom(512, rate.packets_per_s()));
  CHECK(receive_headroom(512, rate.packets_per_s())->count() == Approx(5'120'000).margin(1));
}

TEST_CASE("a burst counts for two windows, and looks within one window count for nothing") {
  ReceiveRate rate;
  rate.sample(Instant(0s), 0);
  rate.sample(Instant(100ms), 10'000);
  rate.sample(Instant(150ms), 90'000);
  CHECK(rate.packets_per_s() == Approx(100'000));
  rate.sample(Instant(200ms), 10'000);
  CHECK(rate.packets_per_s() == Approx(100'000));
  rate.sample(Instant(300ms), 10'000);
  CHECK(rate.packets_per_s() == 0);
}

TEST_CASE("counters that begin anew do not look like a flood") {
  ReceiveRate rate;
  rate.sample(Instant(0s), 1'000'000);
  rate.sample(Instant(1s), 3);
  CHECK(rate.packets_per_s() == 0);
}

TEST_CASE("a pause comes near the end of the headroom at half of it, and never where nothing arrives") {
  CHECK_FALSE(is_near(50us, Nanos(100us)));
  CHECK(is_near(51us, Nanos(100us)));
  CHECK_FALSE(is_near(10s, std::nullopt));
  CHECK(receive_headroom(4096, 1e-9) == Nanos(3600s));
}
