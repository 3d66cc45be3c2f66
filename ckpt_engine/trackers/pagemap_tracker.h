// Writes as the memory's translation shows them (mission M2): userfaultfd write-protects the hard part
// asynchronously, so that a write clears a bit in the kernel without stopping anybody, and PAGEMAP_SCAN
// fetches the pages without that bit and protects them again in one call. Linux 6.7 or newer.
#pragma once

#include <memory>

#include "base/fd.h"
#include "ckpt_engine/trackers/kernel_abi.h"
#include "ckpt_engine/trackers/tracker_base.h"

namespace stillwater::trackers {

// Sees every write through this mapping of the region, marked or not, at 4 KiB granularity; soft lines come
// from the marks. Extents are O(dirty pages); collect and hint walk the page table of the hard part.
class PagemapTracker final : public TrackerBase {
 public:
  // One a region. Locks the hard part: a page that is written and then swapped out would look unwritten.
  // Errors: unavailable, with the reason.
  [[nodiscard]] static Result<std::unique_ptr<PagemapTracker>> create(const region::Region& region,
                                                                      Marks marks);
  ~PagemapTracker() override;

  [[nodiscard]] const char* name() const override { return "pagemap"; }

 private:
  PagemapTracker(const region::Region& region, Marks marks);
  [[nodiscard]] Status open();
  [[nodiscard]] Status write_protect();
  [[nodiscard]] Status take_written(std::vector<Extent>& out) override;
  [[nodiscard]] std::uint64_t written_bytes_hint() const override;
  // Appends runs of written pages from `from` on to `out` and returns where it stopped.
  [[nodiscard]] Result<std::uint64_t> scan(std::uint64_t from, std::uint64_t flags,
                                           std::vector<Extent>& out) const;

  std::byte* base_;
  std::uint64_t begin_;  // addresses of the hard part
  std::uint64_t end_;
  UniqueFd userfault_;
  UniqueFd pagemap_;
  mutable std::vector<kernel::PageRegion> found_;  // one scan's answer
  mutable std::vector<Extent> counted_;            // the hint's
};

}  // namespace stillwater::trackers
