#include "ckpt_engine/trackers/pagemap_tracker.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include <linux/userfaultfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <fcntl.h>

#include "base/locked_memory.h"
#include "ckpt_engine/trackers/small_pages.h"

namespace stillwater::trackers {
namespace {

using namespace kernel;

// More runs of pages than this take a second call.
constexpr std::uint64_t kRunsMax = 1024;

tl::unexpected<Error> unavailable(std::string what, int error_number) {
  Error error = fail_errno(std::move(what), error_number).value();
  error.code = Errc::unavailable;
  return tl::unexpected(std::move(error));
}

}  // namespace

PagemapTracker::PagemapTracker(const region::Region& region, Marks marks)
    : TrackerBase(region, std::move(marks)),
      base_(region.base()),
      begin_(reinterpret_cast<std::uint64_t>(region.base() + region::kDataOffset)),
      end_(reinterpret_cast<std::uint64_t>(region.base() + region.soft_begin())),
      found_(std::min(kRunsMax, (end_ - begin_) / region::kPageBytes / 2 + 1)) {}

PagemapTracker::~PagemapTracker() { munlock(base_ + region::kDataOffset, end_ - begin_); }

Result<std::unique_ptr<PagemapTracker>> PagemapTracker::create(const region::Region& region, Marks marks) {
  std::unique_ptr<PagemapTracker> tracker(new PagemapTracker(region, std::move(marks)));
  map_hard_part_in_small_pages(region);
  return tracker->open().map([&] { return std::move(tracker); });
}

Status PagemapTracker::open() {
  if (begin_ == end_) return {};
  std::byte* hard = base_ + region::kDataOffset;
  if (mlock(hard, end_ - begin_) != 0)
    return unavailable("pagemap: cannot lock the region's hard part of " +
                           std::to_string((end_ - begin_) >> 10) +
                           " KiB (locked-memory limit: " + lock_limit_text() + ")",
                       errno);
  // Asynchronous protection never hands a fault to this process: no privilege is needed.
  userfault_.reset(static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY)));
  if (!userfault_) return unavailable("pagemap: no userfaultfd", errno);
  uffdio_api api{};
  api.api = UFFD_API;
  api.features = kWpAsync | kWpHugetlbfsShmem;
  if (ioctl(userfault_.get(), UFFDIO_API, &api) != 0)
    return unavailable("pagemap: userfaultfd cannot write-protect asynchronously (Linux 6.7 can)", errno);
  pagemap_.reset(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  if (!pagemap_) return unavailable("pagemap: cannot open /proc/self/pagemap", errno);
  return write_protect();
}

Status PagemapTracker::write_protect() {
  uffdio_register range{};
  range.range = {begin_, end_ - begin_};
  range.mode = UFFDIO_REGISTER_MODE_WP;
  if (ioctl(userfault_.get(), UFFDIO_REGISTER, &range) != 0)
    return unavailable("pagemap: userfaultfd does not take the region", errno);
  std::vector<Extent> all;
  if (Status done = take_written(all); !done)
    return tl::unexpected(Error{Errc::unavailable, "pagemap: " + done.error().message});
  return {};
}

Result<std::uint64_t> PagemapTracker::scan(std::uint64_t from, std::uint64_t flags,
                                           std::vector<Extent>& out) const {
  PagemapScan request{};
  request.size = sizeof(request);
  request.flags = flags;
  request.start = from;
  request.end = end_;
  request.vec = reinterpret_cast<std::uint64_t>(found_.data());
  request.vec_len = found_.size();
  request.category_mask = kPageIsWritten;
  request.return_mask = kPageIsWritten;
  const int runs = ioctl(pagemap_.get(), kPagemapScan, &request);
  if (runs < 0) return fail_errno("cannot scan the page table for writes (PAGEMAP_SCAN)", errno);
  const auto base = reinterpret_cast<std::uint64_t>(base_);
  for (int i = 0; i < runs; ++i) {
    const PageRegion& run = found_[static_cast<std::size_t>(i)];
    out.push_back({run.start - base, run.end - run.start});
  }
  return request.walk_end;
}

// A failed call may have protected pages that it did not report: all count as written then.
Status PagemapTracker::take_written(std::vector<Extent>& out) {
  for (region::WorkerMarks* m : marks()) m->hard->clear();
  const std::size_t first = out.size();
  for (std::uint64_t at = begin_; at < end_;) {
    const auto stopped = scan(at, kWriteProtectMatching | kFailUnlessWpAsync, out);
    if (!stopped) {
      out.resize(first);
      out.push_back({region::kDataOffset, end_ - begin_});
      return tl::unexpected(stopped.error());
    }
    at = *stopped;
  }
  return {};
}

std::uint64_t PagemapTracker::written_bytes_hint() const {
  counted_.clear();
  for (std::uint64_t at = begin_; at < end_;) {
    const auto stopped = scan(at, 0, counted_);
    if (!stopped) return end_ - begin_;
    at = *stopped;
  }
  std::uint64_t bytes = 0;
  for (const Extent& e : counted_) bytes += e.bytes;
  return bytes;
}

}  // namespace stillwater::trackers
