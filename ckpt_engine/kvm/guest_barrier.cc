#include "ckpt_engine/kvm/guest_barrier.h"

#include <sched.h>

namespace stillwater::kvm {

Status GuestBarrier::await_indication(Nanos timeout) {
  const Instant deadline = parts_.clock.now() + timeout;
  while (!parts_.port.quiesced()) {
    if (Status healthy = parts_.vcpu.health(); !healthy) return healthy;
    if (parts_.clock.now() >= deadline) {
      const std::uint64_t held = __atomic_load_n(&parts_.inside.held, __ATOMIC_RELAXED);
      return fail(Errc::timed_out, "the guest holds " + std::to_string(held) + " packets inside");
    }
    sched_yield();
  }
  return {};
}

Status GuestBarrier::quiesce(Nanos timeout) {
  const Instant request = parts_.clock.now();
  Instant indicated{}, paused{};
  parts_.port.request_quiesce();
  told_ = parts_.clock.now();
  Status done = await_indication(timeout)
                    .and_then([&] {
                      indicated = parts_.clock.now();
                      return parts_.vcpu.pause(timeout);
                    })
                    .and_then([&] {
                      paused = parts_.clock.now();
                      return save(parts_.machine, parts_.saved);
                    });
  if (!done) {
    resume();
    return done;
  }
  last_ = {indicated - request, paused - indicated, parts_.clock.now() - paused};
  return {};
}

// The agent is restarted last (Q5): nothing is received by a guest that does not run.
void GuestBarrier::resume() {
  parts_.vcpu.resume();
  parts_.port.restart();
}

}  // namespace stillwater::kvm
