// Short-lived tools (ip, ethtool, stillwaterctl): run, collect what they say, with a time limit.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace stillwater::rig {

struct CommandOutput {
  int exit_status = 0;
  std::string out;  // standard output
  std::string err;  // standard error
};

// Runs a program to its end and returns what it said, whatever its exit status is. Past `limit` it is
// killed and the error says timed_out. What it left behind in its process group is killed in any case.
[[nodiscard]] Result<CommandOutput> run_command(const std::vector<std::string>& argv, Nanos limit = 10s);

// The same inside a network namespace (a descriptor, see topology/space.h).
[[nodiscard]] Result<CommandOutput> run_command_in(int space_fd, const std::vector<std::string>& argv,
                                                   Nanos limit = 10s);

// As run_command, and an exit status other than 0 is an error that carries the command and its words.
[[nodiscard]] Status must_run(const std::vector<std::string>& argv);

// Whether PATH holds an executable of this name.
[[nodiscard]] bool is_in_path(const std::string& program);

}  // namespace stillwater::rig
