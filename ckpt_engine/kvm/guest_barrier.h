// The barrier of a guest: its agent runs dry, then the vCPU is paused and its state copied beside its memory.
#pragma once

#include "base/barrier.h"
#include "ckpt_engine/kvm/port.h"
#include "ckpt_engine/kvm/vcpu_state.h"
#include "ckpt_engine/kvm/vcpu_thread.h"

namespace stillwater::kvm {

// What the last quiesce took, in its order.
struct QuiesceDurations {
  Nanos drain{};  // request to the agent's indication
  Nanos pause{};  // indication to the vCPU outside the guest
  Nanos save{};   // the vCPU's state into the region
};

// Everything it refers to outlives it.
class GuestBarrier final : public Barrier {
 public:
  struct Parts {
    const Machine& machine;
    VcpuThread& vcpu;
    Port& port;
    VcpuState& saved;            // in the region
    const guest::State& inside;  // in the region: the function's own
    const Clock& clock;
  };
  explicit GuestBarrier(const Parts& parts) : parts_(parts) {}

  // Errors: timed_out (Q8; the guest goes on), failed_precondition (the guest stopped by itself), io.
  [[nodiscard]] Status quiesce(Nanos timeout) override;
  void resume() override;
  [[nodiscard]] Instant last_told() const override { return told_; }
  [[nodiscard]] Instant last_resumed() const override { return parts_.vcpu.last_resumed(); }

  // Waits for the agent's indication alone, without a new request: a guest that woke elsewhere.
  [[nodiscard]] Status await_indication(Nanos timeout);

  [[nodiscard]] const QuiesceDurations& last() const { return last_; }

 private:
  Parts parts_;
  Instant told_{};
  QuiesceDurations last_;
};

}  // namespace stillwater::kvm
