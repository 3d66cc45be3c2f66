#include "tests/rig/faults/breakpoint.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <set>
#include <string>

#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"

namespace stillwater::rig {
namespace {

constexpr std::byte kInt3{0xcc};
// The kernel does not tell a tracer of the passing of time: ask again this often.
constexpr timespec kPoll{0, 100'000};

class Tracer {
 public:
  explicit Tracer(pid_t pid) : pid_(pid) {}
  ~Tracer() {
    if (planted_) (void)write_byte(original_);
  }
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  [[nodiscard]] Status attach_all();
  [[nodiscard]] Status plant(std::uintptr_t address);
  [[nodiscard]] Result<Instant> wait_for_hit(Nanos limit);

 private:
  enum class Seen { nothing, hit, ended };
  [[nodiscard]] Seen look();
  [[nodiscard]] Seen judge(pid_t thread, int status);
  [[nodiscard]] bool at_breakpoint(pid_t thread) const;
  [[nodiscard]] Status write_byte(std::byte value) const;
  void let_all_go();

  pid_t pid_;
  std::set<pid_t> threads_;
  UniqueFd memory_;
  std::uintptr_t address_ = 0;
  std::byte original_{};
  bool planted_ = false;
};

Status Tracer::attach_all() {
  // A thread that is made while the list is read is either in the next reading or followed by its maker.
  for (bool found = true; found;) {
    found = false;
    std::error_code error;
    const std::string tasks = "/proc/" + std::to_string(pid_) + "/task";
    for (const auto& task : std::filesystem::directory_iterator(tasks, error)) {
      const auto thread = static_cast<pid_t>(std::stol(task.path().filename()));
      if (threads_.contains(thread)) continue;
      if (ptrace(PTRACE_SEIZE, thread, 0, PTRACE_O_TRACECLONE) == 0) {
        threads_.insert(thread);
        found = true;
      } else if (thread == pid_) {
        return fail_errno("cannot trace process " + std::to_string(pid_), errno);
      }
    }
    if (error) return fail(Errc::unavailable, "no process " + std::to_string(pid_));
  }
  return {};
}

Status Tracer::plant(std::uintptr_t address) {
  address_ = address;
  memory_.reset(open(("/proc/" + std::to_string(pid_) + "/mem").c_str(), O_RDWR | O_CLOEXEC));
  if (!memory_) return fail_errno("cannot open the process's memory", errno);
  if (pread(memory_.get(), &original_, 1, static_cast<off_t>(address_)) != 1) {
    return fail_errno("cannot read the process's text", errno);
  }
  Status written = write_byte(kInt3);
  planted_ = written.has_value();
  return written;
}

Status Tracer::write_byte(std::byte value) const {
  if (pwrite(memory_.get(), &value, 1, static_cast<off_t>(address_)) == 1) return {};
  return fail_errno("cannot write the process's text", errno);
}

Result<Instant> Tracer::wait_for_hit(Nanos limit) {
  const BootClock clock;
  const Instant deadline = clock.now() + limit;
  while (clock.now() < deadline) {
    switch (look()) {
      case Seen::hit: {
        const Instant at = clock.now();
        planted_ = false;
        if (kill(pid_, SIGKILL) != 0) return fail_errno("cannot kill the process", errno);
        return at;
      }
      case Seen::ended:
        planted_ = false;
        return fail(Errc::unavailable, "the process ended by itself");
      case Seen::nothing:
        nanosleep(&kPoll, nullptr);
    }
  }
  let_all_go();
  return fail(Errc::timed_out, "no thread came to that step in time");
}

// Only this thread's tracees: the rig's other children belong to others.
Tracer::Seen Tracer::look() {
  int status = 0;
  siginfo_t news{};
  if (waitid(P_ALL, 0, &news, WEXITED | WSTOPPED | WNOHANG | WNOWAIT | __WALL | __WNOTHREAD) != 0) {
    return Seen::ended;
  }
  if (news.si_pid == 0) return Seen::nothing;
  // The process itself is left to its parent.
  if (news.si_pid == pid_ && news.si_code != CLD_TRAPPED && news.si_code != CLD_STOPPED) return Seen::ended;
  const pid_t thread = waitpid(news.si_pid, &status, WNOHANG | __WALL | __WNOTHREAD);
  return thread > 0 ? judge(thread, status) : Seen::nothing;
}

Tracer::Seen Tracer::judge(pid_t thread, int status) {
  if (!WIFSTOPPED(status)) {
    threads_.erase(thread);
    return Seen::nothing;
  }
  threads_.insert(thread);
  const int event = status >> 16;
  int signal = event == 0 ? WSTOPSIG(status) : 0;
  if (signal == SIGTRAP && at_breakpoint(thread)) return Seen::hit;
  if (event == PTRACE_EVENT_STOP && WSTOPSIG(status) != SIGTRAP) {
    // A stop of the whole group stays one.
    ptrace(PTRACE_LISTEN, thread, 0, 0);
    return Seen::nothing;
  }
  ptrace(PTRACE_CONT, thread, 0, signal);
  return Seen::nothing;
}

bool Tracer::at_breakpoint(pid_t thread) const {
  user_regs_struct registers{};
  return ptrace(PTRACE_GETREGS, thread, 0, &registers) == 0 && registers.rip == address_ + 1;
}

// Text as it was, and a thread that came at the last moment back to the instruction that it missed.
void Tracer::let_all_go() {
  (void)write_byte(original_);
  planted_ = false;
  for (const pid_t thread : threads_) {
    if (ptrace(PTRACE_INTERRUPT, thread, 0, 0) != 0) continue;
    int status = 0;
    if (waitpid(thread, &status, __WALL | __WNOTHREAD) != thread || !WIFSTOPPED(status)) continue;
    user_regs_struct registers{};
    int signal = (status >> 16) == 0 ? WSTOPSIG(status) : 0;
    if (signal == SIGTRAP && ptrace(PTRACE_GETREGS, thread, 0, &registers) == 0 &&
        registers.rip == address_ + 1) {
      registers.rip = address_;
      ptrace(PTRACE_SETREGS, thread, 0, &registers);
      signal = 0;
    }
    ptrace(PTRACE_DETACH, thread, 0, signal);
  }
}

}  // namespace

Result<Instant> kill_at(pid_t pid, std::uintptr_t address, Nanos limit) {
  Tracer tracer(pid);
  if (Status attached = tracer.attach_all(); !attached) return tl::unexpected(attached.error());
  if (Status planted = tracer.plant(address); !planted) return tl::unexpected(planted.error());
  return tracer.wait_for_hit(limit);
}

}  // namespace stillwater::rig
