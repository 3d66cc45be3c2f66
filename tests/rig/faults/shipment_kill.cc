#include "tests/rig/faults/shipment_kill.h"

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

namespace stillwater::rig {
namespace {

// The first bytes of a frame, as ckpt_engine/WIRE_FORMAT.md has them: the rig reads the wire, not our code.
constexpr std::uint16_t kGroup = 5;
constexpr std::uint16_t kCommit = 6;

Result<pid_t> replication_thread_of(pid_t pid) {
  std::error_code error;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", error)) {
    std::string name;
    std::ifstream(task.path() / "comm") >> name;
    if (name == "sw-replication") return static_cast<pid_t>(std::stol(task.path().filename()));
  }
  return fail(Errc::failed_precondition, "process " + std::to_string(pid) + " has no replication thread");
}

// The type of the frame that this system call sends; 0 if it sends none.
std::uint16_t frame_being_sent(pid_t thread) {
  __ptrace_syscall_info info{};
  if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(info), &info) <= 0) return 0;
  if (info.op != PTRACE_SYSCALL_INFO_ENTRY || info.entry.nr != SYS_sendto) return 0;
  char head[8] = {};
  iovec local{head, sizeof(head)};
  iovec remote{reinterpret_cast<void*>(info.entry.args[1]), sizeof(head)};
  if (process_vm_readv(thread, &local, 1, &remote, 1, 0) != sizeof(head)) return 0;
  if (std::memcmp(head, "SWRP", 4) != 0) return 0;
  std::uint16_t type = 0;
  std::memcpy(&type, head + 6, sizeof(type));
  return type;
}

// Attaches to one thread; detaches when it goes, if the thread still lives.
class Trace {
 public:
  explicit Trace(pid_t thread) : thread_(thread) {}
  ~Trace() {
    if (attached_) ptrace(PTRACE_DETACH, thread_, 0, 0);
  }
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  [[nodiscard]] Status attach() {
    if (ptrace(PTRACE_SEIZE, thread_, 0, PTRACE_O_TRACESYSGOOD) != 0)
      return fail_errno("cannot trace", errno);
    attached_ = true;
    if (ptrace(PTRACE_INTERRUPT, thread_, 0, 0) != 0)
      return fail_errno("cannot stop the traced thread", errno);
    return {};
  }
  void detach_as_killed() { attached_ = false; }

 private:
  pid_t thread_;
  bool attached_ = false;
};

}  // namespace

Status kill_in_shipment(pid_t pid, ShipmentStep step, Nanos limit) {
  const auto thread = replication_thread_of(pid);
  if (!thread) return tl::unexpected(thread.error());
  Trace trace(*thread);
  if (Status attached = trace.attach(); !attached) return attached;
  const BootClock clock;
  const Instant deadline = clock.now() + limit;
  unsigned groups = 0;
  while (clock.now() < deadline) {
    int status = 0;
    if (waitpid(*thread, &status, __WALL) != *thread) return fail_errno("lost the traced thread", errno);
    if (!WIFSTOPPED(status)) return fail(Errc::unavailable, "the daemon ended by itself");
    const std::uint16_t frame = frame_being_sent(*thread);
    const bool here = (frame == kGroup && groups == 1 && step == ShipmentStep::before_second_group) ||
                      (frame == kCommit && groups > 0 && step == ShipmentStep::before_commit_record);
    if (here) {
      kill(pid, SIGKILL);
      trace.detach_as_killed();
      waitpid(*thread, &status, __WALL);
      return {};
    }
    if (frame == kGroup) ++groups;
    if (frame == kCommit) groups = 0;
    if (ptrace(PTRACE_SYSCALL, *thread, 0, 0) != 0) return fail_errno("cannot go on tracing", errno);
  }
  return fail(Errc::timed_out, "no such step in time");
}

}  // namespace stillwater::rig
