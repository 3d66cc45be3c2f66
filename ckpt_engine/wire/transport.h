// How frames leave: a TCP connection in the daemon, a vector in tests, a simulated link.
#pragma once

#include "base/result.h"
#include "ckpt_engine/wire/frame.h"

namespace stillwater::wire {

class Transport {
 public:
  virtual ~Transport() = default;

  // Takes all of `frames`, one whole frame or several, before it returns. An error means that the connection
  // is of no use any more; how much of them arrived is unknown.
  [[nodiscard]] virtual Status send(Bytes frames) = 0;
};

}  // namespace stillwater::wire
