// fork and exec with what every child of the rig gets: a process group of its own (Ctrl-C on the terminal
// reaches the rig alone, which then ends its children in order), default signals, death with the rig.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"

namespace stillwater::rig {

struct SpawnOptions {
  int space_fd = -1;   // network namespace to enter; -1: stay
  int stdout_fd = -1;  // -1: as the rig's own
  int stderr_fd = -1;
};

// Returns the child's pid; the caller reaps it. argv[0] is a path or is looked up in PATH. A program that
// cannot be executed ends with status 127. The child is killed when the calling *thread* ends: call it from
// a thread that outlives the child.
[[nodiscard]] Result<pid_t> spawn(const std::vector<std::string>& argv, const SpawnOptions& options);

// "exited with status 1", "was ended by signal 9 (Killed)".
[[nodiscard]] std::string describe_wait_status(int wait_status);

}  // namespace stillwater::rig
