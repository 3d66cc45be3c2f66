// KVM's dirty log as a tracker: a bitmap of the memory slot, fetched and cleared by ioctl.
#pragma once

#include "ckpt_engine/kvm/machine.h"
#include "ckpt_engine/kvm/page_tracker.h"

namespace stillwater::kvm {

// Over a machine of Tracking::log, which outlives it. Costs grow with the slot's size: a bit a page is
// copied.
class KvmLogTracker final : public PageTracker {
 public:
  KvmLogTracker(const Machine& machine, const GuestExtents& extents);
  [[nodiscard]] const char* name() const override { return "kvm-log"; }

 private:
  void harvest(PageBits& found) override;
  [[nodiscard]] std::uint64_t dirty_pages_hint() const override;
  [[nodiscard]] bool fetch() const;  // fills log_

  const Machine& machine_;
  mutable PageBits log_;
};

}  // namespace stillwater::kvm
