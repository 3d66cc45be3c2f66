#include "tests/rig/process/spawn.h"

#include <csignal>
#include <cstring>

#include <sys/prctl.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

namespace stillwater::rig {
namespace {

// Runs between fork and exec, with all signals blocked: async-signal-safe calls only. Handlers of the parent
// must not run here: a lock that another of its threads held at the fork is held for ever.
[[noreturn]] void become(char* const* argv, const SpawnOptions& options, pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (options.space_fd >= 0 && setns(options.space_fd, CLONE_NEWNET) != 0) _exit(126);
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  if (options.stdout_fd >= 0) dup2(options.stdout_fd, STDOUT_FILENO);
  if (options.stderr_fd >= 0) dup2(options.stderr_fd, STDERR_FILENO);
  execvp(argv[0], argv);
  _exit(127);
}

}  // namespace

Result<pid_t> spawn(const std::vector<std::string>& argv, const SpawnOptions& options) {
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = getpid();
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t child = fork();
  const int error = errno;
  if (child == 0) become(arguments.data(), options, parent);
  // Said on both sides: whoever runs first, the group is there once this returns.
  if (child > 0) setpgid(child, child);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (child < 0) return fail_errno("cannot start " + argv[0], error);
  return child;
}

std::string describe_wait_status(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    const int number = WTERMSIG(wait_status);
    return "was ended by signal " + std::to_string(number) + " (" + strsignal(number) + ")";
  }
  return "exited with status " + std::to_string(WEXITSTATUS(wait_status));
}

}  // namespace stillwater::rig
