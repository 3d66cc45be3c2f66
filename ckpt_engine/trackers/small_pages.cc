#include "ckpt_engine/trackers/small_pages.h"

#include <sys/mman.h>

namespace stillwater::trackers {

// What is unmapped of shared memory stays in its file and comes back at its next use, in pages as the kernel
// has been told by then. Where a call fails the mapping is as it was, or is filled as it is used.
void map_hard_part_in_small_pages(const region::Region& region) {
  std::byte* hard = region.base() + region::kDataOffset;
  const std::uint64_t bytes = region.soft_begin() - region::kDataOffset;
  if (madvise(hard, bytes, MADV_NOHUGEPAGE) != 0 || madvise(hard, bytes, MADV_DONTNEED) != 0) return;
  madvise(hard, bytes, MADV_POPULATE_WRITE);
}

}  // namespace stillwater::trackers
