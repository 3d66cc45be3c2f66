// What a kind of arbiter is made of: requests to it, one after another, each on the calling thread.
#pragma once

#include "base/arbiter.h"

namespace stillwater::mgmt::arbiter {

// One thread makes requests; stop() may come from another.
class Connection {
 public:
  virtual ~Connection() = default;

  // Each ends by itself, whatever the other end does.
  [[nodiscard]] virtual ArbiterAnswer read() = 0;
  [[nodiscard]] virtual ArbiterAnswer swap(const ArbiterRecord& expected, const ArbiterRecord& next) = 0;

  // Connects where there is no connection, without waiting for it.
  virtual void keep_warm() = 0;

  // Gives up the request under way, which may still happen, and every later one at once.
  virtual void stop() = 0;
};

}  // namespace stillwater::mgmt::arbiter
