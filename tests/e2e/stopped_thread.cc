#include "tests/e2e/stopped_thread.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>

#include "tests/e2e/eventually.h"

namespace stillwater::e2e {

pid_t thread_of(pid_t pid, const std::string& name) {
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    std::string said;
    std::getline(std::ifstream(task.path() / "comm") >> std::ws, said);
    if (said == name) return static_cast<pid_t>(std::stol(task.path().filename()));
  }
  return 0;
}

StoppedThread::StoppedThread(pid_t pid, const std::string& name) : thread_(thread_of(pid, name)) {
  REQUIRE(thread_ != 0);
  REQUIRE(ptrace(PTRACE_SEIZE, thread_, 0, 0) == 0);
  REQUIRE(ptrace(PTRACE_INTERRUPT, thread_, 0, 0) == 0);
  int status = 0;
  REQUIRE(waitpid(thread_, &status, __WALL) == thread_);
  REQUIRE(WIFSTOPPED(status));
}

// A thread that ends with its process is this one's to bury: until then the process's parent waits. It may be
// on its way out still, where it can no longer be let go and cannot be buried yet.
StoppedThread::~StoppedThread() {
  if (ptrace(PTRACE_DETACH, thread_, 0, 0) == 0) return;
  const bool buried = eventually(5s, [&] { return waitpid(thread_, nullptr, __WALL | WNOHANG) != 0; });
  if (!buried) std::fprintf(stderr, "thread %d neither goes on nor ends\n", thread_);
}

}  // namespace stillwater::e2e
