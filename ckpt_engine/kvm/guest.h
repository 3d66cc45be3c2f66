// A guest whose memory and vCPU lie in a state region, so that the engine checkpoints it like any other
// state.
#pragma once

#include <memory>

#include "ckpt_engine/kvm/guest_barrier.h"
#include "ckpt_engine/kvm/page_tracker.h"
#include "ckpt_engine/region/region.h"

namespace stillwater::kvm {

// Owns the machine, the vCPU's thread, the port, and the tracker over them. One control thread.
class Guest {
 public:
  // The roots of a region that holds a guest: its memory and its vCPU's state, both hard.
  [[nodiscard]] static region::Layout layout();

  // Makes the machine around the region's memory; nothing runs yet. `region` and `clock` outlive it. Errors:
  // unavailable (no KVM here, with the reason), io.
  [[nodiscard]] static Result<std::unique_ptr<Guest>> create(region::Region& region, Tracking tracking,
                                                             const Clock& clock,
                                                             std::uint32_t ring_entries = 1024);
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  // Puts the program and its page tables into memory, and runs it.
  [[nodiscard]] Status boot();
  // Goes on from the checkpoint in the region (Q7): it wakes quiesced, and stays so until `restart_agent`.
  [[nodiscard]] Status wake(Nanos timeout);
  void restart_agent() { port_.restart(); }

  [[nodiscard]] Port& port() { return port_; }
  [[nodiscard]] GuestBarrier& barrier() { return *barrier_; }
  // Aborts where the machine has Tracking::none.
  [[nodiscard]] PageTracker& tracker();
  [[nodiscard]] VcpuThread& vcpu() { return *vcpu_; }
  [[nodiscard]] const Machine& machine() const { return *machine_; }
  [[nodiscard]] const guest::State& state() const;

 private:
  Guest(region::Region& region, Port port, std::unique_ptr<Machine> machine);

  region::Region& region_;
  Port port_;
  std::unique_ptr<Machine> machine_;
  std::unique_ptr<PageTracker> tracker_;
  std::unique_ptr<VcpuThread> vcpu_;
  std::unique_ptr<GuestBarrier> barrier_;
};

}  // namespace stillwater::kvm
