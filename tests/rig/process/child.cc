#include "tests/rig/process/child.h"

#include <cerrno>
#include <csignal>
#include <deque>
#include <fstream>
#include <utility>

#include <sys/syscall.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/rig/process/spawn.h"

namespace stillwater::rig {

Result<Child> Child::start(const std::vector<std::string>& argv, int space_fd, const std::string& log_path) {
  const UniqueFd log(open(log_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644));
  if (!log) return fail_errno("cannot write " + log_path, errno);
  const auto pid = spawn(argv, {.space_fd = space_fd, .stdout_fd = log.get(), .stderr_fd = log.get()});
  if (!pid) return tl::unexpected(pid.error());
  return Child(*pid, log_path);
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      log_path_(std::move(other.log_path_)),
      wait_status_(other.wait_status_) {}

Child::~Child() {
  if (pid_ > 0) stop(2s);
}

std::optional<std::string> Child::ended() {
  siginfo_t end{};
  if (!wait_status_ && waitid(P_PID, static_cast<id_t>(pid_), &end, WEXITED | WNOHANG | WNOWAIT) == 0 &&
      end.si_pid == pid_) {
    reap();
  }
  return wait_status_ ? std::optional(describe_wait_status(*wait_status_)) : std::nullopt;
}

void Child::stop(Nanos limit) {
  if (ended()) return;
  const UniqueFd handle(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  kill(pid_, SIGTERM);
  pollfd end{handle.get(), POLLIN, 0};
  const int limit_ms = static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(limit).count());
  poll(&end, 1, limit_ms);
  reap();
}

void Child::reap() {
  // The whole group, while its leader still holds the number: what a child forked would keep the namespace.
  kill(-pid_, SIGKILL);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  wait_status_ = status;
}

std::string tail_of(const std::string& path, std::size_t lines) {
  std::ifstream file(path);
  std::deque<std::string> kept;
  for (std::string line; std::getline(file, line);) {
    kept.push_back(line);
    if (kept.size() > lines) kept.pop_front();
  }
  std::string text;
  for (const std::string& line : kept) text += line + "\n";
  return text;
}

}  // namespace stillwater::rig
