// How much processor time each thread of this process has had.
#pragma once

#include <vector>

#include "quiesce/plugin/settling.h"

namespace stillwater::quiesce::plugin {

// All threads but the calling one, as /proc names them. Some microseconds.
[[nodiscard]] std::vector<ThreadLook> look_at_threads();

// Runs, or waits for a processor. False for a thread that sleeps or is gone.
[[nodiscard]] bool is_runnable(pid_t thread);

}  // namespace stillwater::quiesce::plugin
