// A region with a tracker over it, and workers that write into it as containers do: mark, then store.
#pragma once

#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "ckpt_engine/trackers/factory.h"
#include "tests/unit/region/world.h"

namespace stillwater::tests {

using Lines = std::set<std::uint64_t>;

// The lines of `extents`, by number; none may be in two.
inline Lines lines_of(const std::vector<region::Extent>& extents) {
  Lines lines;
  for (const region::Extent& e : extents)
    for (std::uint64_t at = e.offset; at < e.offset + e.bytes; at += region::kLineBytes) {
      const bool is_new = lines.insert(at / region::kLineBytes).second;
      REQUIRE(is_new);
    }
  return lines;
}

inline std::unique_ptr<region::Region> make_tracked_region(std::uint64_t hard_pages,
                                                           std::uint64_t soft_pages) {
  region::Layout layout;
  layout.add("hard", region::StateClass::hard, hard_pages * region::kPageBytes, region::kLineBytes);
  layout.add("soft", region::StateClass::soft, soft_pages * region::kPageBytes, region::kLineBytes);
  return make_region(layout);
}

// While a worker writes: lines may be torn, and are collected again then.
inline void copy_live(std::vector<std::byte>& into, const region::Region& region, const region::Extent& e) {
  std::memcpy(into.data() + e.offset, region.base() + e.offset, e.bytes);
}

class Tracked {
 public:
  static constexpr std::uint64_t kHardPages = 64;
  static constexpr std::uint64_t kSoftPages = 4;
  static constexpr std::uint64_t kLinesPerPage = region::kPageBytes / region::kLineBytes;

  explicit Tracked(const std::string& name, std::uint64_t hard_pages = kHardPages)
      : region(make_tracked_region(hard_pages, kSoftPages)), grain_(name == "barrier" ? 1 : kLinesPerPage) {
    auto made = trackers::make_tracker(name, *region, {&first, &second}, [](const std::string&) {});
    if (!made) throw std::runtime_error(made.error().message);
    tracker = std::move(*made);
  }

  // Stores one byte into a line of the region; `marks` is the worker that does so.
  void write(region::WorkerMarks& marks, std::uint64_t line) {
    const bool is_hard = line < soft;
    (is_hard ? *marks.hard : *marks.soft).mark(line * region::kLineBytes, region::kLineBytes);
    write_unmarked(line);
  }
  void write_unmarked(std::uint64_t line) {
    volatile std::byte& at = region->base()[line * region::kLineBytes];
    at = static_cast<std::byte>(static_cast<unsigned>(at) + 1);
  }

  // What a tracker of this granularity may return at most for these lines.
  [[nodiscard]] Lines at_grain(const Lines& lines) const {
    Lines whole;
    for (const std::uint64_t line : lines)
      for (std::uint64_t i = 0; i < grain_; ++i) whole.insert(line / grain_ * grain_ + i);
    return whole;
  }

  Lines collect() {
    std::vector<region::Extent> out;
    REQUIRE(tracker->collect(out));
    return lines_of(out);
  }
  Lines take_soft(std::uint64_t budget_bytes) {
    std::vector<region::Extent> out;
    tracker->take_soft(out, budget_bytes);
    return lines_of(out);
  }

  std::unique_ptr<region::Region> region;
  region::WorkerMarks first{region::kDataOffset, region->soft_begin(), region->size()};
  region::WorkerMarks second{region::kDataOffset, region->soft_begin(), region->size()};
  std::unique_ptr<trackers::DirtyTracker> tracker;
  static constexpr std::uint64_t hard = region::kDataOffset / region::kLineBytes;
  static constexpr std::uint64_t hard_lines = kHardPages * kLinesPerPage;
  std::uint64_t soft = region->soft_begin() / region::kLineBytes;
  static constexpr std::uint64_t soft_lines = kSoftPages * kLinesPerPage;

 private:
  std::uint64_t grain_;
};

// Each tracker that this kernel has, one a run of the test; what is skipped is said, with the reason.
inline std::vector<std::string> usable_trackers() {
  static const std::vector<std::string> usable = [] {
    std::vector<std::string> names;
    for (const trackers::Availability& tracker : trackers::probe()) {
      if (tracker.usable)
        names.push_back(tracker.name);
      else
        WARN("skipped: " << tracker.usable.error().message);
    }
    return names;
  }();
  return usable;
}

}  // namespace stillwater::tests
