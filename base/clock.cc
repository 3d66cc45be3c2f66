#include "base/clock.h"

#include <ctime>

namespace stillwater {

Instant BootClock::now() const {
  timespec t{};
  clock_gettime(CLOCK_BOOTTIME, &t);
  return std::chrono::seconds(t.tv_sec) + Nanos(t.tv_nsec);
}

}  // namespace stillwater
