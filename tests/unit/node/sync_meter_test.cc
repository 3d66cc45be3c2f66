// Rate and time left of a first sync, by a clock in the test's hand.
#include "appliance/node/sync_meter.h"

#include <catch2/catch.hpp>

namespace stillwater::appliance {
namespace {

constexpr std::uint64_t kMiB = 1u << 20;
constexpr Instant kBegin = Instant(100s);

}  // namespace

TEST_CASE("a first sync's rate is what was gone through lately, and tells how long the round will take") {
  SyncMeter meter;
  const SyncProgress first = meter.look(kBegin, 1, 1000 * kMiB);
  CHECK(first.bytes_per_s == 0);
  CHECK_FALSE(first.left_s);
  const SyncProgress fast = meter.look(kBegin + 100ms, 1, 900 * kMiB);
  CHECK(fast.left_bytes == 900 * kMiB);
  CHECK(fast.bytes_per_s == Approx(1000. * kMiB));
  CHECK(fast.left_s == Approx(0.9));
  SyncProgress slow;
  for (unsigned tenth = 2; tenth <= 20; ++tenth)  // 10 MiB a second from here on
    slow = meter.look(kBegin + tenth * 100ms, 1, (901 - tenth) * kMiB);
  CHECK(slow.bytes_per_s == Approx(10. * kMiB));
  CHECK(slow.left_s == Approx(88.1));
}

TEST_CASE("a sync that stands still says so: its rate falls, and the time left grows") {
  SyncMeter meter;
  static_cast<void>(meter.look(kBegin, 1, 100 * kMiB));
  const SyncProgress before = meter.look(kBegin + 100ms, 1, 90 * kMiB);
  const SyncProgress after = meter.look(kBegin + 400ms, 1, 90 * kMiB);
  CHECK(after.bytes_per_s < before.bytes_per_s / 3);
  CHECK(after.left_s > before.left_s);
}

TEST_CASE("a later round goes on at the rate of the one before; a new sync begins without one") {
  SyncMeter meter;
  static_cast<void>(meter.look(kBegin, 1, 100 * kMiB));
  static_cast<void>(meter.look(kBegin + 100ms, 1, 0));
  const SyncProgress second = meter.look(kBegin + 100ms, 2, 50 * kMiB);
  CHECK(second.round == 2);
  CHECK(second.left_bytes == 50 * kMiB);
  CHECK(second.left_s == Approx(0.05));
  CHECK(meter.look(kBegin + 200ms, 1, 100 * kMiB).bytes_per_s == 0);
}

}  // namespace stillwater::appliance
