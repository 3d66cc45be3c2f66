// A node that is frozen where no process can help it: it has looked at its permit, has put frames into a
// port's ring, and has not yet told the kernel to send them.
#pragma once

#include <sys/types.h>

namespace stillwater::e2e {

// All of a daemon stands still, its worker at the very system call. The thread that made it takes it back.
class FrozenInSend {
 public:
  explicit FrozenInSend(pid_t pid);
  // Thaws: the call goes on.
  ~FrozenInSend();
  FrozenInSend(const FrozenInSend&) = delete;
  FrozenInSend& operator=(const FrozenInSend&) = delete;

 private:
  [[nodiscard]] bool enters_send();

  pid_t pid_;
  pid_t worker_ = 0;
};

}  // namespace stillwater::e2e
