#include "tests/unit/mgmt/process.h"

#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <sys/syscall.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>

namespace stillwater::mgmt::test {
namespace {

constexpr int kPatienceMs = 30'000;

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (auto& string : strings) result.push_back(string.data());
  result.push_back(nullptr);
  return result;
}

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

pid_t spawn(std::vector<std::string>& command, std::vector<std::string>& environment, const std::string& out,
            const std::string& err) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, out.c_str(), O_WRONLY | O_CREAT, 0600);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, err.c_str(), O_WRONLY | O_CREAT, 0600);
  pid_t pid = -1;
  const int error = posix_spawn(&pid, command.front().c_str(), &files, nullptr, pointers(command).data(),
                                pointers(environment).data());
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) throw std::runtime_error("cannot run " + command.front());
  return pid;
}

}  // namespace

Process::Process(std::vector<std::string> command, std::vector<std::string> environment)
    : pid_(spawn(command, environment, scratch_ / "out", scratch_ / "err")),
      handle_(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))) {}

Process::~Process() {
  if (pid_ < 0) return;
  send(SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Process::send(int signal) const { ::kill(pid_, signal); }

std::string Process::err() const { return content(scratch_ / "err"); }

Finished Process::wait() {
  pollfd ended{handle_.get(), POLLIN, 0};
  if (::poll(&ended, 1, kPatienceMs) != 1) send(SIGKILL);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, content(scratch_ / "out"), content(scratch_ / "err")};
}

Finished run(std::vector<std::string> command, std::vector<std::string> environment) {
  return Process(std::move(command), std::move(environment)).wait();
}

}  // namespace stillwater::mgmt::test
