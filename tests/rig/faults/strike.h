// How a fault strikes: at once, and timed.
#pragma once

#include <functional>

#include "base/result.h"
#include "tests/rig/faults/fault.h"

namespace stillwater::rig {

// Runs `blow` on a thread of its own that goes before the system under test, whose dying threads compete for
// the processor; without the right to go first it only takes longer, and `took` says how long.
[[nodiscard]] Result<Struck> strike_in_real_time(const std::function<Status()>& blow);

// On the calling thread: for blows that start processes, which live as long as the thread that started them.
[[nodiscard]] Result<Struck> strike_here(const std::function<Status()>& blow);

}  // namespace stillwater::rig
