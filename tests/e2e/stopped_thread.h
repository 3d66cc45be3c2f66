// One thread of another process stands still while the others go on: a program that hangs, and looks alive.
#pragma once

#include <string>

#include <sys/types.h>

namespace stillwater::e2e {

// The thread of a process with this name; 0: there is none.
[[nodiscard]] pid_t thread_of(pid_t pid, const std::string& name);

// Goes on when destroyed. One thread, the one that made it; the process need not be told or built for it.
class StoppedThread {
 public:
  // The thread of `pid` with that name, of which there is one. Fails the test if it cannot be stopped.
  StoppedThread(pid_t pid, const std::string& name);
  ~StoppedThread();
  StoppedThread(const StoppedThread&) = delete;
  StoppedThread& operator=(const StoppedThread&) = delete;

 private:
  pid_t thread_ = 0;
};

}  // namespace stillwater::e2e
