// A long-running child: a daemon under test, in a namespace, writing to a log file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/clock.h"
#include "base/result.h"

namespace stillwater::rig {

// Owns one process and its group: the destructor ends them and reaps the process, so its pid never means
// another process. Used by one thread, which started it (see spawn); the pid may be signalled from others
// while the Child lives.
class Child {
 public:
  // `log_path` is overwritten with what the program writes to standard output and standard error.
  [[nodiscard]] static Result<Child> start(const std::vector<std::string>& argv, int space_fd,
                                           const std::string& log_path);
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const std::string& log_path() const { return log_path_; }

  // How it ended, in words; nothing while it runs.
  [[nodiscard]] std::optional<std::string> ended();

  // SIGTERM, then SIGKILL past `limit` or for what is left of its group; returns once it is reaped.
  void stop(Nanos limit);

 private:
  void reap();

  Child(pid_t pid, std::string log_path) : pid_(pid), log_path_(std::move(log_path)) {}

  pid_t pid_;
  std::string log_path_;
  std::optional<int> wait_status_;
};

// The last `lines` lines of a file; empty where there is none.
[[nodiscard]] std::string tail_of(const std::string& path, std::size_t lines);

}  // namespace stillwater::rig
