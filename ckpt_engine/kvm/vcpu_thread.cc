#include "ckpt_engine/kvm/vcpu_thread.h"

#include <cerrno>
#include <csignal>

#include <sys/ioctl.h>

#include <pthread.h>
#include <sched.h>

#include "base/thread.h"

namespace stillwater::kvm {
namespace {

// Interrupts KVM_RUN; nothing else happens. No SA_RESTART: the call is to return.
int kick_signal() {
  static const int number = [] {
    const int chosen = SIGRTMIN + 3;
    struct sigaction action {};
    action.sa_handler = [](int) {};
    sigaction(chosen, &action, nullptr);
    return chosen;
  }();
  return number;
}

}  // namespace

VcpuThread::VcpuThread(Machine& machine, const Clock& clock, std::function<void()> ring_full)
    : machine_(machine), clock_(clock), ring_full_(std::move(ring_full)) {
  kick_signal();
  thread_ = std::thread([this] { work(); });
}

VcpuThread::~VcpuThread() {
  end_wanted_ = true;
  wish(true);
  thread_.join();
}

// The wish is written before the signal is sent: a vCPU that was about to enter the guest turns back by
// itself.
void VcpuThread::wish(bool to_pause) {
  __atomic_store_n(&machine_.run().immediate_exit, to_pause ? 1 : 0, __ATOMIC_SEQ_CST);
  wish_ += (wish_ % 2 == 1) == to_pause ? 2 : 1;
  wish_.notify_one();
  if (to_pause) pthread_kill(thread_.native_handle(), kick_signal());
}

Status VcpuThread::health() const {
  if (failed_) return fail(Errc::failed_precondition, failure_);
  return {};
}

Status VcpuThread::pause(Nanos timeout) {
  wish(true);
  const Instant deadline = clock_.now() + timeout;
  while (reached_ != wish_) {
    if (Status healthy = health(); !healthy) return healthy;
    if (clock_.now() >= deadline) return fail(Errc::timed_out, "the vCPU did not leave the guest in time");
    sched_yield();
  }
  return {};
}

// The thread corrects the time once it runs: until then it is not before the pause.
void VcpuThread::resume() {
  resumed_ns_.store(clock_.now().count(), std::memory_order_release);
  wish(false);
}

void VcpuThread::work() {
  name_this_thread("vcpu");
  while (!end_wanted_) {
    if (const std::uint32_t wished = wish_; wished % 2 == 1) {
      reached_ = wished;
      wish_.wait(wished);
      continue;
    }
    resumed_ns_.store(clock_.now().count(), std::memory_order_release);
    const int result = ioctl(machine_.vcpu_fd(), KVM_RUN, 0);
    if (result < 0 && errno == EINTR) continue;
    if (result < 0) failure_ = "KVM_RUN failed: error " + std::to_string(errno);
    if (result < 0 || !act_on_exit()) {
      failed_ = true;
      return;
    }
  }
}

bool VcpuThread::act_on_exit() {
  const kvm_run& run = machine_.run();
  switch (run.exit_reason) {
    case KVM_EXIT_INTR:
      return true;
    case KVM_EXIT_DIRTY_RING_FULL:
      if (!ring_full_) break;
      ring_full_();
      return true;
    case KVM_EXIT_MMIO:
      failure_ =
          "the guest touched address " + std::to_string(run.mmio.phys_addr) + ", where it has no memory";
      return false;
    default:
      break;
  }
  failure_ = "the guest stopped: KVM exit reason " + std::to_string(run.exit_reason);
  return false;
}

}  // namespace stillwater::kvm
