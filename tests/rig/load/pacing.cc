#include "tests/rig/load/pacing.h"

#include <cerrno>
#include <ctime>

namespace stillwater::rig {

void sleep_until(Instant deadline) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(deadline);
  const timespec until{seconds.count(), (deadline - seconds).count()};
  while (clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &until, nullptr) == EINTR) {
  }
}

}  // namespace stillwater::rig
