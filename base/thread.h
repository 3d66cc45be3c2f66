// What every long-lived thread of the daemon sets about itself.
#pragma once

#include "base/result.h"

namespace stillwater {

// Names the calling thread as `ps -L` and `top -H` show it (15 characters at most are kept).
void name_this_thread(const char* name);

// Gives the calling thread SCHED_FIFO at `priority` (1 low .. 99 high). Fails without CAP_SYS_NICE; the
// thread then goes on as it was.
[[nodiscard]] Status make_this_thread_realtime(int priority);

}  // namespace stillwater
