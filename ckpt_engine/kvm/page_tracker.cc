#include "ckpt_engine/kvm/page_tracker.h"

#include <algorithm>
#include <bit>

namespace stillwater::kvm {
namespace {

void join(PageBits& into, const PageBits& other) {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] |= other[i];
}

void clear(PageBits& pages) { std::ranges::fill(pages, 0); }

}  // namespace

std::uint64_t count_pages(const PageBits& pages) {
  std::uint64_t count = 0;
  for (const std::uint64_t word : pages) count += static_cast<std::uint64_t>(std::popcount(word));
  return count;
}

PageTracker::PageTracker(const GuestExtents& extents)
    : extents_(extents), found_((pages() + 63) / 64), in_shipment_(found_), carried_over_(found_) {}

std::uint64_t PageTracker::dirty_bytes_hint() const {
  return (dirty_pages_hint() + count_pages(carried_over_)) * region::kPageBytes;
}

Status PageTracker::collect(std::vector<region::Extent>& out) {
  clear(found_);
  harvest(found_);
  join(found_, carried_over_);
  clear(carried_over_);
  join(in_shipment_, found_);
  out.push_back(extents_.vcpu);
  const std::size_t first = out.size();
  for (std::uint64_t page = 0; page < pages(); ++page) {
    if ((found_[page / 64] >> (page % 64) & 1) == 0) continue;
    const std::uint64_t offset = extents_.memory.offset + page * region::kPageBytes;
    if (out.size() > first && out.back().offset + out.back().bytes == offset)
      out.back().bytes += region::kPageBytes;
    else
      out.push_back({offset, region::kPageBytes});
  }
  return {};
}

void PageTracker::committed() { clear(in_shipment_); }

void PageTracker::begin_anew() {
  harvest(found_);
  clear(in_shipment_);
  clear(carried_over_);
}

void PageTracker::merge_back() {
  join(carried_over_, in_shipment_);
  clear(in_shipment_);
}

}  // namespace stillwater::kvm
