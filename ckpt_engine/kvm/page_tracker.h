// What the trackers over KVM share: pages of the guest's memory, and the fate of those that were collected.
#pragma once

#include <cstdint>
#include <vector>

#include "ckpt_engine/trackers/tracker.h"

namespace stillwater::kvm {

// A bit a page, in the kernel's order.
using PageBits = std::vector<std::uint64_t>;
[[nodiscard]] std::uint64_t count_pages(const PageBits& pages);

// Where the guest's parts lie in the state region.
struct GuestExtents {
  region::Extent memory;
  region::Extent vcpu;  // written at every pause, so part of every collection
};

// Writes are found by the second-level translation, without asking the guest (mission M2). A superset: KVM
// may name a page that the guest did not write. A guest has no soft lines.
class PageTracker : public trackers::DirtyTracker {
 public:
  explicit PageTracker(const GuestExtents& extents);

  [[nodiscard]] std::uint64_t dirty_bytes_hint() const final;
  // The vCPU is paused. Afterwards the next write to any page is seen again (M3).
  [[nodiscard]] Status collect(std::vector<region::Extent>& out) final;
  void collect_soft() final {}
  void take_soft(std::vector<region::Extent>&, std::uint64_t) final {}
  void committed() final;
  void merge_back() final;
  void begin_anew() final;

 protected:
  [[nodiscard]] std::uint64_t pages() const { return extents_.memory.bytes / region::kPageBytes; }

 private:
  // Sets the bits of the pages written since the last harvest, and arms them anew. Where KVM fails, every
  // page counts as written: nothing is lost by it.
  virtual void harvest(PageBits& found) = 0;
  [[nodiscard]] virtual std::uint64_t dirty_pages_hint() const = 0;

  GuestExtents extents_;
  PageBits found_;
  PageBits in_shipment_;   // collected, fate unknown
  PageBits carried_over_;  // merged back, to be collected again
};

}  // namespace stillwater::kvm
