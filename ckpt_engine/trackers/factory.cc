#include "ckpt_engine/trackers/factory.h"

#include <algorithm>
#include <utility>

#include "ckpt_engine/trackers/barrier_tracker.h"
#include "ckpt_engine/trackers/mprotect_tracker.h"
#include "ckpt_engine/trackers/pagemap_tracker.h"

namespace stillwater::trackers {
namespace {

using Tracker = std::unique_ptr<DirtyTracker>;

Result<Tracker> make(std::string_view name, const region::Region& region, const Marks& marks) {
  if (name == "pagemap") return PagemapTracker::create(region, marks);
  if (name == "mprotect") return MprotectTracker::create(region, marks);
  if (marks.empty()) return fail(Errc::unavailable, "barrier: nobody marks what is written to this region");
  return std::make_unique<BarrierTracker>(region, marks);
}

// One hard page, written with a mark as containers do it.
Status finds_a_write(std::string_view name) {
  region::Layout layout;
  layout.add("probe", region::StateClass::hard, region::kPageBytes, region::kLineBytes);
  auto region = region::Region::create(layout);
  if (!region) return tl::unexpected(region.error());
  region::WorkerMarks marks(region::kDataOffset, (*region)->soft_begin(), (*region)->size());
  auto tracker = make(name, **region, {&marks});
  if (!tracker) return tl::unexpected(tracker.error());
  marks.hard->mark(region::kDataOffset, 1);
  (*region)->base()[region::kDataOffset] = std::byte{1};
  std::vector<Extent> found;
  if (Status collected = (*tracker)->collect(found); !collected) return collected;
  if (found.empty()) return fail(Errc::unavailable, std::string(name) + ": a write was not found");
  return {};
}

}  // namespace

const std::vector<std::string>& tracker_names() {
  static const std::vector<std::string> names = {"barrier", "pagemap", "mprotect"};
  return names;
}

std::vector<Availability> probe() {
  std::vector<Availability> all;
  for (const std::string& name : tracker_names()) all.push_back({name, finds_a_write(name)});
  return all;
}

Result<Tracker> make_tracker(std::string_view name, const region::Region& region, const Marks& marks,
                             const Skipped& skipped) {
  const auto& names = tracker_names();
  if (std::ranges::find(names, name) != names.end()) return make(name, region, marks);
  if (name != "auto") return fail(Errc::invalid_argument, "no dirty tracker is called " + std::string(name));
  std::string reasons;
  for (const std::string& candidate : names) {
    auto tracker = make(candidate, region, marks);
    if (tracker) return tracker;
    skipped(tracker.error().message);
    reasons += (reasons.empty() ? "" : "; ") + tracker.error().message;
  }
  return fail(Errc::unavailable, "no dirty tracker works here: " + reasons);
}

Result<Tracker> make_verified(const region::Region& region, const Marks& marks,
                              VerifyingTracker::Report report) {
  auto pages = PagemapTracker::create(region, {});
  if (!pages) return fail(Errc::unavailable, "marks cannot be verified: " + pages.error().message);
  return std::make_unique<VerifyingTracker>(region, std::make_unique<BarrierTracker>(region, marks),
                                            std::move(*pages), std::move(report));
}

}  // namespace stillwater::trackers
