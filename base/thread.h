// What every long-lived thread of the daemon sets about itself.
#pragma once

#include <latch>
#include <span>

#include "base/result.h"

namespace stillwater {

// Names the calling thread as `ps -L` and `top -H` show it (15 characters at most are kept).
void name_this_thread(const char* name);

// Gives the calling thread SCHED_FIFO at `priority` (1 low .. 99 high). Fails without CAP_SYS_NICE; the
// thread then goes on as it was.
[[nodiscard]] Status make_this_thread_realtime(int priority);

// Gives a thread a table of open files of its own: a copy of the process's, of which neither sees what the
// other opens or closes. When the process is killed, the kernel closes those at once, and does not first take
// down all the process's memory (about 50 us a MiB): so a peer learns of the death without delay.
class OwnFiles {
 public:
  // ThreadSanitizer takes a file's number for the process's, and would report a race on each.
#ifdef __SANITIZE_THREAD__
  static constexpr bool kPossible = false;
#else
  static constexpr bool kPossible = true;
#endif

  // On that thread, once. Where the system refuses it goes on with the process's table.
  void take();
  // On the thread that began it: returns when it has taken them. Then `handed_over`, files that are to be
  // that thread's alone, are closed here.
  void wait_and_leave(std::span<const int> handed_over);

 private:
  bool own_ = false;  // writer: that thread, before taken_
  std::latch taken_{1};
};

}  // namespace stillwater
