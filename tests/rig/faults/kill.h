// Fault: a node dies. Its daemon is killed and its links go down at the same instant, as in a power loss:
// nothing that the kernel still holds for the dead process leaves any more.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "tests/rig/faults/fault.h"
#include "tests/rig/faults/link_switch.h"

namespace stillwater::rig {

// Everything slow (descriptors, lookups) is done by prepare(), so that strike() is a few system calls.
class NodeKill {
 public:
  // `pid` 0: there is no daemon, only links go down. The pid must be a child that is not reaped yet.
  [[nodiscard]] static Result<NodeKill> prepare(int space_fd, pid_t pid, std::vector<std::string> interfaces);

  // Any thread, once.
  [[nodiscard]] Result<Struck> strike();

 private:
  NodeKill(LinkSwitch links, pid_t pid) : links_(std::move(links)), pid_(pid) {}

  LinkSwitch links_;
  pid_t pid_;
};

}  // namespace stillwater::rig
