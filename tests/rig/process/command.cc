#include "tests/rig/process/command.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <sstream>

#include <sys/wait.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/rig/process/spawn.h"

namespace stillwater::rig {
namespace {

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe", errno);
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// Appends what is there; closes the descriptor at the end of the stream.
void drain(UniqueFd& fd, std::string& text) {
  std::array<char, 4096> bytes{};
  const ssize_t count = read(fd.get(), bytes.data(), bytes.size());
  if (count > 0) text.append(bytes.data(), static_cast<std::size_t>(count));
  if (count == 0 || (count < 0 && errno != EINTR)) fd.reset();
}

// False: the limit passed before both streams ended.
bool collect(UniqueFd& out, UniqueFd& err, CommandOutput& output, Instant deadline) {
  const BootClock clock;
  while (out || err) {
    const Nanos left = deadline - clock.now();
    if (left <= 0ns) return false;
    std::array<pollfd, 2> fds{pollfd{out.get(), POLLIN, 0}, pollfd{err.get(), POLLIN, 0}};
    const int wait_ms = static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(left).count());
    if (poll(fds.data(), fds.size(), wait_ms + 1) <= 0) continue;
    if (fds[0].revents != 0) drain(out, output.out);
    if (fds[1].revents != 0) drain(err, output.err);
  }
  return true;
}

std::string join(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
  return line;
}

// The group while its leader still holds the number: what a shell left behind would keep the namespace.
int reap_with_group(pid_t child) {
  siginfo_t end{};
  while (waitid(P_PID, static_cast<id_t>(child), &end, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
  kill(-child, SIGKILL);
  int wait_status = 0;
  while (waitpid(child, &wait_status, 0) < 0 && errno == EINTR) {
  }
  return wait_status;
}

}  // namespace

Result<CommandOutput> run_command(const std::vector<std::string>& argv, Nanos limit) {
  return run_command_in(-1, argv, limit);
}

Result<CommandOutput> run_command_in(int space_fd, const std::vector<std::string>& argv, Nanos limit) {
  auto out = make_pipe();
  if (!out) return tl::unexpected(out.error());
  auto err = make_pipe();
  if (!err) return tl::unexpected(err.error());
  const auto child = spawn(
      argv, {.space_fd = space_fd, .stdout_fd = out->write_end.get(), .stderr_fd = err->write_end.get()});
  if (!child) return tl::unexpected(child.error());
  out->write_end.reset();
  err->write_end.reset();

  CommandOutput output;
  const bool in_time = collect(out->read_end, err->read_end, output, BootClock().now() + limit);
  if (!in_time) kill(*child, SIGKILL);
  const int wait_status = reap_with_group(*child);
  if (!in_time) {
    const auto seconds = std::to_string(std::chrono::duration_cast<std::chrono::seconds>(limit).count());
    return fail(Errc::timed_out, "`" + join(argv) + "` did not end within " + seconds + " s");
  }
  output.exit_status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
  return output;
}

Status must_run(const std::vector<std::string>& argv) {
  const auto output = run_command(argv);
  if (!output) return tl::unexpected(output.error());
  if (output->exit_status == 0) return {};
  return fail(Errc::io, "`" + join(argv) + "` exited with status " + std::to_string(output->exit_status) +
                            ": " + output->err);
}

bool is_in_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace stillwater::rig
