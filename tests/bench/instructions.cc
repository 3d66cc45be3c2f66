#include "tests/bench/instructions.h"

#include <csignal>

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <unistd.h>

namespace stillwater::bench {
namespace {

constexpr std::uint64_t kStepsMax = 20'000'000;

[[noreturn]] void be_counted(const std::function<void()>& code) {
  ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
  raise(SIGSTOP);
  code();
  raise(SIGSTOP);
  _exit(0);
}

// Steps from one SIGSTOP to the next.
Result<std::uint64_t> step_through(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
    return fail(Errc::io, "the process to be counted did not start");
  for (std::uint64_t steps = 0; steps < kStepsMax; ++steps) {
    if (ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr) != 0)
      return fail_errno("cannot single-step", errno);
    if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
      return fail(Errc::io, "the process to be counted ended early");
    if (WSTOPSIG(status) == SIGSTOP) return steps;
  }
  return fail(Errc::timed_out, "too much code to count");
}

}  // namespace

Result<std::uint64_t> count_instructions(const std::function<void()>& code) {
  const pid_t child = fork();
  if (child < 0) return fail_errno("cannot fork", errno);
  if (child == 0) be_counted(code);
  const auto steps = step_through(child);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return steps;
}

}  // namespace stillwater::bench
