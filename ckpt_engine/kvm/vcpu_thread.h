// The thread that runs a vCPU, and that another thread pauses and resumes.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "ckpt_engine/kvm/machine.h"

namespace stillwater::kvm {

// Starts paused. One control thread, except the constructor's callback.
class VcpuThread {
 public:
  // `ring_full` is called by the vCPU's thread, outside the guest, where the dirty ring must be emptied
  // before the guest can go on. `machine` and `clock` outlive the thread.
  VcpuThread(Machine& machine, const Clock& clock, std::function<void()> ring_full = {});
  VcpuThread(const VcpuThread&) = delete;
  VcpuThread& operator=(const VcpuThread&) = delete;
  ~VcpuThread();  // pauses, and ends the thread

  // Returns once the vCPU is outside the guest and its memory and registers stand still. Fails if the guest
  // stopped by itself (the message says how), or with timed_out, paused all the same when it comes.
  [[nodiscard]] Status pause(Nanos timeout);
  void resume();

  // Success while the guest can go on; else how it stopped.
  [[nodiscard]] Status health() const;

  // When the vCPU last went back into the guest.
  [[nodiscard]] Instant last_resumed() const { return Instant(resumed_ns_.load(std::memory_order_acquire)); }

 private:
  void work();
  [[nodiscard]] bool act_on_exit();  // false: the guest cannot go on
  void wish(bool to_pause);

  Machine& machine_;
  const Clock& clock_;
  std::function<void()> ring_full_;
  std::string failure_;                    // written before failed_ is set
  std::atomic<std::uint32_t> wish_{1};     // odd: pause; each wish has a number. Writer: control thread
  std::atomic<bool> end_wanted_{false};    // writer: control thread
  std::atomic<std::uint32_t> reached_{0};  // the wish to pause that was followed. Writer: vCPU thread
  std::atomic<bool> failed_{false};        // writer: vCPU thread
  std::atomic<std::int64_t> resumed_ns_{
      0};  // writers: control thread while the vCPU is paused, else vCPU thread
  std::thread thread_;
};

}  // namespace stillwater::kvm
