#include "ckpt_engine/kvm/ring_tracker.h"

#include <algorithm>

namespace stillwater::kvm {
namespace {

bool is_dirty(const kvm_dirty_gfn& entry) {
  return (__atomic_load_n(&entry.flags, __ATOMIC_ACQUIRE) & KVM_DIRTY_GFN_F_DIRTY) != 0;
}

}  // namespace

KvmRingTracker::KvmRingTracker(const Machine& machine, const GuestExtents& extents)
    : PageTracker(extents), machine_(machine), drained_((pages() + 63) / 64) {}

// KVM arms a page again only by the reset. The vCPU stands still between reading an entry and that, or a
// write in between would be named by nobody.
void KvmRingTracker::drain() {
  const std::span<kvm_dirty_gfn> ring = machine_.ring();
  const std::uint64_t first = next_;
  for (;; ++next_) {
    kvm_dirty_gfn& entry = ring[next_ % ring.size()];
    if (!is_dirty(entry)) break;
    if (entry.slot == 0 && entry.offset < pages())
      drained_[entry.offset / 64] |= std::uint64_t{1} << (entry.offset % 64);
    __atomic_store_n(&entry.flags, KVM_DIRTY_GFN_F_RESET, __ATOMIC_RELEASE);
  }
  if (next_ == first) return;
  if (!call(machine_.vm_fd(), KVM_RESET_DIRTY_RINGS, nullptr, "KVM_RESET_DIRTY_RINGS"))
    std::ranges::fill(drained_, ~std::uint64_t{0});
}

void KvmRingTracker::ring_full() {
  const std::lock_guard lock(mutex_);
  ++times_full_;
  drain();
}

std::uint64_t KvmRingTracker::times_full() const {
  const std::lock_guard lock(mutex_);
  return times_full_;
}

void KvmRingTracker::harvest(PageBits& found) {
  const std::lock_guard lock(mutex_);
  drain();
  found = drained_;
  std::ranges::fill(drained_, 0);
}

std::uint64_t KvmRingTracker::dirty_pages_hint() const {
  const std::lock_guard lock(mutex_);
  const std::span<kvm_dirty_gfn> ring = machine_.ring();
  std::uint64_t waiting = 0;
  while (waiting < ring.size() && is_dirty(ring[(next_ + waiting) % ring.size()])) ++waiting;
  return waiting + count_pages(drained_);
}

}  // namespace stillwater::kvm
