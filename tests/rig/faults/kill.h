// Fault: a node dies. Its daemon is killed and its links go down at the same instant, as in a power loss:
// nothing that the kernel still holds for the dead process leaves any more.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace stillwater::rig {

// Everything slow (descriptors, lookups) is done by prepare(), so that strike() is a few system calls.
class NodeKill {
 public:
  struct Struck {
    Instant at;    // just before the first system call
    Nanos took{};  // until the last link was down
  };

  // `pid` 0: there is no daemon, only links go down. The pid must be a child that is not reaped yet.
  [[nodiscard]] static Result<NodeKill> prepare(int space_fd, pid_t pid, std::vector<std::string> interfaces);

  // Any thread, once.
  [[nodiscard]] Result<Struck> strike();

 private:
  [[nodiscard]] Result<Struck> strike_now();
  NodeKill(UniqueFd control, pid_t pid, std::vector<std::string> interfaces)
      : control_(std::move(control)), pid_(pid), interfaces_(std::move(interfaces)) {}

  UniqueFd control_;  // a socket of the namespace: its ioctls act there, whatever thread calls them
  pid_t pid_;
  std::vector<std::string> interfaces_;
};

}  // namespace stillwater::rig
