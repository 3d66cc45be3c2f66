// The kernel's interfaces for write tracking, in definitions of our own: Debian 12's headers are older than
// the kernels that have them. Layouts are those of the kernel's linux/fs.h and linux/userfaultfd.h.
#pragma once

#include <cstdint>

#include <sys/ioctl.h>

namespace stillwater::trackers::kernel {

// userfaultfd features beyond linux/userfaultfd.h of 6.1.
inline constexpr std::uint64_t kWpHugetlbfsShmem = 1u << 12;  // 5.19
inline constexpr std::uint64_t kWpAsync = 1u << 15;           // 6.7

// A run of pages, as PAGEMAP_SCAN returns it.
struct PageRegion {
  std::uint64_t start;
  std::uint64_t end;
  std::uint64_t categories;
};
static_assert(sizeof(PageRegion) == 24);

struct PagemapScan {
  std::uint64_t size;
  std::uint64_t flags;
  std::uint64_t start;
  std::uint64_t end;
  std::uint64_t walk_end;  // out: where the walk stopped
  std::uint64_t vec;
  std::uint64_t vec_len;
  std::uint64_t max_pages;
  std::uint64_t category_inverted;
  std::uint64_t category_mask;
  std::uint64_t category_anyof_mask;
  std::uint64_t return_mask;
};
static_assert(sizeof(PagemapScan) == 96);

inline constexpr unsigned long kPagemapScan = _IOWR('f', 16, PagemapScan);  // 6.7
inline constexpr std::uint64_t kWriteProtectMatching = 1u << 0;
inline constexpr std::uint64_t kFailUnlessWpAsync = 1u << 1;
inline constexpr std::uint64_t kPageIsWritten = 1u << 1;

}  // namespace stillwater::trackers::kernel
