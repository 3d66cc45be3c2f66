// Reserved memory where little may be locked: it works, and the message says what to do.
#include "base/locked_memory.h"

#include "ckpt_engine/engine/staging.h"
#include "standby/receiver.h"
#include "tests/unit/engine/lock_limit.h"
#include "tests/unit/region/world.h"

namespace stillwater::tests {

using Catch::Contains;

TEST_CASE("M1: too low a limit of locked memory: staging and groups work, and the reason is said") {
  const LockLimit limit(64 << 10);
  if (!limit.bites()) {
    WARN("mlock does nothing here: a sanitizer is in its place");
    return;
  }
  const auto staging = engine::Staging::create(1u << 20);
  REQUIRE(staging);
  REQUIRE_FALSE(staging->locked());
  CHECK(staging->locked().error().code == Errc::resource_exhausted);
  CHECK_THAT(staging->locked().error().message,
             Contains(" KiB for staging") && Contains("64 KiB") && Contains("LimitMEMLOCK"));
  CHECK(staging->lines_max() > 10'000);
  const auto reserved = standby::ReservedBuffer::create(2u << 20);
  REQUIRE(reserved);
  REQUIRE_FALSE(reserved->locked());
  CHECK_THAT(reserved->locked().error().message, Contains("2048 KiB for received groups"));
  reserved->bytes().back() = std::byte{1};
}

TEST_CASE("M1: within the limit it is locked, and no memory at all is an error") {
  const auto memory = LockedMemory::create(32u << 10, "a test");
  REQUIRE(memory);
  CHECK(memory->locked());
  const auto none = LockedMemory::create(std::size_t{1} << 60, "a test");
  REQUIRE_FALSE(none);
  CHECK_THAT(none.error().message, Contains("for a test"));
}

}  // namespace stillwater::tests
