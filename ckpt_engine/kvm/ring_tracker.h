// KVM's dirty ring as a tracker: the vCPU appends the pages it writes to a ring in shared memory.
#pragma once

#include <mutex>

#include "ckpt_engine/kvm/machine.h"
#include "ckpt_engine/kvm/page_tracker.h"

namespace stillwater::kvm {

// Over a machine of Tracking::ring, which outlives it. Costs grow with what was written.
class KvmRingTracker final : public PageTracker {
 public:
  KvmRingTracker(const Machine& machine, const GuestExtents& extents);
  [[nodiscard]] const char* name() const override { return "kvm-ring"; }

  // Empties a ring that is full. The vCPU's thread, outside the guest.
  void ring_full();
  [[nodiscard]] std::uint64_t times_full() const;

 private:
  void harvest(PageBits& found) override;
  [[nodiscard]] std::uint64_t dirty_pages_hint() const override;
  void drain();  // under mutex_

  const Machine& machine_;
  mutable std::mutex mutex_;  // the vCPU's thread against the control thread
  PageBits drained_;          // out of the ring, not yet harvested
  std::uint64_t next_ = 0;    // entry of the ring, counted on
  std::uint64_t times_full_ = 0;
};

}  // namespace stillwater::kvm
