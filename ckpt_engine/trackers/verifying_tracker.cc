#include "ckpt_engine/trackers/verifying_tracker.h"

#include <cstring>
#include <utility>

namespace stillwater::trackers {

using region::kDataOffset;
using region::kLineBytes;
using region::kPageBytes;

VerifyingTracker::VerifyingTracker(const region::Region& region, std::unique_ptr<DirtyTracker> marked,
                                   std::unique_ptr<DirtyTracker> pages, Report report)
    : region_(region),
      marked_(std::move(marked)),
      pages_(std::move(pages)),
      report_(std::move(report)),
      name_(std::string(marked_->name()) + ", verified by " + pages_->name()),
      shadow_(region.soft_begin() - kDataOffset),
      lines_collected_(kDataOffset, region.soft_begin()) {
  copy_shadow();
}

void VerifyingTracker::copy_shadow() {
  std::memcpy(shadow_.data(), region_.base() + kDataOffset, shadow_.size());
}

void VerifyingTracker::begin_anew() {
  marked_->begin_anew();
  pages_->begin_anew();
  copy_shadow();
}

// The shadow follows every collect, shipped or not: a merged-back line is the marks' business.
Status VerifyingTracker::collect(std::vector<Extent>& out) {
  const std::size_t first = out.size();
  if (Status collected = marked_->collect(out); !collected) return collected;
  for (std::size_t i = first; i < out.size(); ++i) lines_collected_.mark(out[i].offset, out[i].bytes);
  written_.clear();
  const Status seen = pages_->collect(written_);
  pages_->committed();
  for (const Extent& extent : written_) compare(extent);
  lines_collected_.clear();
  if (seen) return {};
  out.resize(first);
  marked_->merge_back();
  return seen;
}

void VerifyingTracker::compare(const Extent& written) {
  for (std::uint64_t line = written.offset; line < written.offset + written.bytes; line += kLineBytes) {
    std::byte* before = shadow_.data() + (line - kDataOffset);
    const std::byte* now = region_.base() + line;
    if (std::memcmp(before, now, kLineBytes) == 0) continue;
    std::memcpy(before, now, kLineBytes);
    if (!lines_collected_.contains(line)) report_({line, line / kPageBytes * kPageBytes});
  }
}

}  // namespace stillwater::trackers
