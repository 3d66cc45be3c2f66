#include "tests/rig/load/pacing.h"

#include <cerrno>
#include <ctime>

#include "tests/rig/load/reactor.h"

namespace stillwater::rig {
namespace {

constexpr Nanos kCatchUp = 4 * Reactor::kTick;

}  // namespace

std::uint32_t Pace::due(Instant now) {
  if (per_second_ == 0) return 0;
  const Nanos interval = Nanos{1s} / per_second_;
  if (next_ == Instant{}) next_ = now;
  if (now - next_ > kCatchUp) {
    const auto skipped = (now - next_) / interval;
    missed_ += static_cast<std::uint64_t>(skipped);
    next_ += skipped * interval;
  }
  std::uint32_t due = 0;
  for (; next_ <= now; next_ += interval) ++due;
  return due;
}

void sleep_until(Instant deadline) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(deadline);
  const timespec until{seconds.count(), (deadline - seconds).count()};
  while (clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &until, nullptr) == EINTR) {
  }
}

}  // namespace stillwater::rig
