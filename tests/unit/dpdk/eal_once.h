// DPDK for tests: started by the first one that needs it.
#pragma once

#include <stdexcept>

#include "dataplane/control/eal.h"

namespace stillwater::dataplane {

inline void need_eal() {
  static const Status started =
      init_eal({.memory_mib = 384, .workers = 2, .cores = {}, .log_level = "error"});
  if (!started) throw std::runtime_error(started.error().message);
}

}  // namespace stillwater::dataplane
