// Waiting for what other processes do.
#pragma once

#include <functional>
#include <thread>

#include "base/clock.h"

namespace stillwater::e2e {

// Asks `ready` every few milliseconds until it is true or `limit` has passed; says which.
[[nodiscard]] inline bool eventually(Nanos limit, const std::function<bool()>& ready) {
  const BootClock clock;
  for (const Instant deadline = clock.now() + limit; clock.now() < deadline;) {
    if (ready()) return true;
    std::this_thread::sleep_for(5ms);
  }
  return ready();
}

}  // namespace stillwater::e2e
