// The fallback for kernels without asynchronous write protection: the hard part is mapped read-only, and the
// first write to a page faults into a SIGSEGV handler that lists the page and lets the write go on.
#pragma once

#include <atomic>
#include <memory>

#include "ckpt_engine/trackers/tracker_base.h"

namespace stillwater::trackers {

// Sees every write by this process's own code; a system call that writes into the region fails with EFAULT
// instead. O(dirty pages), each at the price of a signal. Soft lines come from the marks. Threads that write
// the region must not block SIGSEGV; a fault elsewhere goes to the handler that was there before.
class MprotectTracker final : public TrackerBase {
 public:
  static constexpr std::size_t kTrackersMax = 16;  // in one process

  // Errors: unavailable, with the reason.
  [[nodiscard]] static Result<std::unique_ptr<MprotectTracker>> create(const region::Region& region,
                                                                       Marks marks);
  // Leaves the region writable. No worker may write meanwhile.
  ~MprotectTracker() override;

  [[nodiscard]] const char* name() const override { return "mprotect"; }

  // For the signal handler: async-signal-safe, any thread. False: the address is not of this region, or the
  // page cannot be made writable.
  [[nodiscard]] bool handle_write(const void* address) noexcept;

 private:
  MprotectTracker(const region::Region& region, Marks marks);
  [[nodiscard]] Status take_written(std::vector<Extent>& out) override;
  [[nodiscard]] std::uint64_t written_bytes_hint() const override;
  [[nodiscard]] Status protect(const std::vector<Extent>& extents, std::size_t first);

  std::byte* base_;
  std::byte* hard_;
  std::uint64_t pages_;
  std::unique_ptr<std::atomic<bool>[]> is_listed_;  // writers: faulting threads; control, workers standing
  std::unique_ptr<std::uint32_t[]> list_;           // as is_listed_
  std::atomic<std::uint32_t> count_{0};             // as is_listed_
  std::atomic<bool> all_written_{false};            // nothing is protected: every page counts as written
};

}  // namespace stillwater::trackers
