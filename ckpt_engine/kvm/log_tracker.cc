#include "ckpt_engine/kvm/log_tracker.h"

#include <algorithm>

namespace stillwater::kvm {

KvmLogTracker::KvmLogTracker(const Machine& machine, const GuestExtents& extents)
    : PageTracker(extents), machine_(machine), log_((pages() + 63) / 64) {}

// Cleared by hand, fetching changes nothing: it may serve as a hint while the guest runs.
bool KvmLogTracker::fetch() const {
  kvm_dirty_log request{};
  request.slot = 0;
  request.dirty_bitmap = log_.data();
  return call(machine_.vm_fd(), KVM_GET_DIRTY_LOG, &request, "KVM_GET_DIRTY_LOG").has_value();
}

void KvmLogTracker::harvest(PageBits& found) {
  if (!fetch()) {
    std::ranges::fill(found, ~std::uint64_t{0});
    return;
  }
  found = log_;
  if (count_pages(log_) == 0) return;
  kvm_clear_dirty_log request{};
  request.slot = 0;
  request.num_pages = static_cast<std::uint32_t>(pages());
  request.dirty_bitmap = log_.data();
  // A log that was not cleared names these pages again the next time: more is shipped, nothing is lost.
  static_cast<void>(call(machine_.vm_fd(), KVM_CLEAR_DIRTY_LOG, &request, "KVM_CLEAR_DIRTY_LOG"));
}

std::uint64_t KvmLogTracker::dirty_pages_hint() const { return fetch() ? count_pages(log_) : pages(); }

}  // namespace stillwater::kvm
