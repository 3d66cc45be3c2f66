// Children are bounded in time and leave nothing behind.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <sys/stat.h>
#include <sys/syscall.h>

#include <catch2/catch.hpp>
#include <poll.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/rig/process/child.h"
#include "tests/rig/process/command.h"

namespace stillwater::rig {
namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() { path_ = mkdtemp(template_); }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  char template_[32] = "/tmp/rig-test-XXXXXX";
  std::string path_;
};

UniqueFd handle_of(pid_t pid) { return UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))); }

bool ends_within(const UniqueFd& handle, int limit_ms) {
  pollfd end{handle.get(), POLLIN, 0};
  return poll(&end, 1, limit_ms) == 1;
}

}  // namespace

TEST_CASE("a child that is stopped in the moment of its start ends") {
  const BootClock clock;
  const Instant begin = clock.now();
  for (int i = 0; i < 200; ++i) {
    const auto child = Child::start({"sleep", "60"}, -1, "/dev/null");
    REQUIRE(child);
  }
  // Asked to end, each ends; where the order found its parent's handlers instead, it would take 2 s or for
  // ever.
  CHECK(clock.now() - begin < 60s);
}

TEST_CASE("a command's words and status come back") {
  const auto output = run_command({"sh", "-c", "echo out; echo err >&2; exit 7"});
  REQUIRE(output);
  CHECK(output->out == "out\n");
  CHECK(output->err == "err\n");
  CHECK(output->exit_status == 7);

  const Status status = must_run({"sh", "-c", "echo no such thing >&2; exit 3"});
  REQUIRE_FALSE(status);
  CHECK(status.error().message.find("status 3: no such thing") != std::string::npos);
}

TEST_CASE("a command that hangs is killed at its limit") {
  const Instant begin = BootClock().now();
  const auto output = run_command({"sleep", "60"}, 50ms);
  REQUIRE_FALSE(output);
  CHECK(output.error().code == Errc::timed_out);
  CHECK(BootClock().now() - begin < 30s);
}

TEST_CASE("how a child ended is told, and its log is kept") {
  const TemporaryFolder folder;
  auto child = Child::start({"sh", "-c", "echo one; echo two; exit 4"}, -1, folder.file("log"));
  REQUIRE(child);
  REQUIRE(ends_within(handle_of(child->pid()), 30000));
  REQUIRE(child->ended() == "exited with status 4");
  CHECK(tail_of(folder.file("log"), 1) == "two\n");
  CHECK(tail_of(folder.file("log"), 9) == "one\ntwo\n");
  CHECK(tail_of(folder.file("absent"), 9).empty());
}

TEST_CASE("ending a child that ignores SIGTERM ends what it forked too") {
  const TemporaryFolder folder;
  const std::string fifo = folder.file("fifo");
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  pid_t grandchild = 0;
  UniqueFd handle;
  {
    auto child = Child::start({"sh", "-c", "trap '' TERM; sleep 600 & echo $! >" + fifo + "; wait"}, -1,
                              folder.file("log"));
    REQUIRE(child);
    std::ifstream(fifo) >> grandchild;
    REQUIRE(grandchild > 0);
    handle = handle_of(grandchild);
    REQUIRE(handle);
    child->stop(20ms);
    CHECK(child->ended() == "was ended by signal 9 (Killed)");
  }
  CHECK(ends_within(handle, 30000));
}

}  // namespace stillwater::rig
