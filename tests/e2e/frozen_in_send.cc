#include "tests/e2e/frozen_in_send.h"

#include <cerrno>
#include <csignal>

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>

#include "tests/e2e/eventually.h"
#include "tests/e2e/stopped_thread.h"

namespace stillwater::e2e {
namespace {

constexpr int kSystemCall = SIGTRAP | 0x80;  // by PTRACE_O_TRACESYSGOOD

bool is_at_send(pid_t thread) {
  __ptrace_syscall_info call{};
  return ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(call), &call) > 0 &&
         call.op == PTRACE_SYSCALL_INFO_ENTRY && call.entry.nr == SYS_sendto;
}

}  // namespace

FrozenInSend::FrozenInSend(pid_t pid) : pid_(pid), worker_(thread_of(pid, "sw-worker-0")) {
  REQUIRE(worker_ != 0);
  REQUIRE(ptrace(PTRACE_SEIZE, worker_, 0, PTRACE_O_TRACESYSGOOD) == 0);
  REQUIRE(ptrace(PTRACE_INTERRUPT, worker_, 0, 0) == 0);
  REQUIRE(eventually(10s, [this] { return enters_send(); }));
  REQUIRE(kill(pid_, SIGSTOP) == 0);
}

// One stop of the worker at most, or none yet.
bool FrozenInSend::enters_send() {
  int status = 0;
  const pid_t stopped = waitpid(worker_, &status, __WALL | WNOHANG);
  if (stopped != worker_) return false;
  REQUIRE(WIFSTOPPED(status));
  if (WSTOPSIG(status) == kSystemCall && is_at_send(worker_)) return true;
  REQUIRE(ptrace(PTRACE_SYSCALL, worker_, 0, 0) == 0);
  return false;
}

FrozenInSend::~FrozenInSend() {
  ptrace(PTRACE_DETACH, worker_, 0, 0);
  kill(pid_, SIGCONT);
}

}  // namespace stillwater::e2e
