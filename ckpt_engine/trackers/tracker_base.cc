#include "ckpt_engine/trackers/tracker_base.h"

#include <utility>

namespace stillwater::trackers {

TrackerBase::TrackerBase(const region::Region& region, Marks marks)
    : marks_(std::move(marks)), soft_waiting_(region.soft_begin(), region.size()) {
  for (std::size_t i = 0; i < marks_.size(); ++i)
    spare_soft_.push_back(std::make_unique<region::LineSet>(region.soft_begin(), region.size()));
}

std::uint64_t TrackerBase::dirty_bytes_hint() const {
  std::uint64_t bytes = written_bytes_hint();
  for (const Extent& e : carried_over_) bytes += e.bytes;
  return bytes;
}

Status TrackerBase::collect(std::vector<Extent>& out) {
  const auto first = static_cast<std::ptrdiff_t>(out.size());
  const Status taken = take_written(out);
  if (!taken) {
    carried_over_.insert(carried_over_.end(), out.begin() + first, out.end());
    region::merge_overlapping(carried_over_, 0);
    out.erase(out.begin() + first, out.end());
    return taken;
  }
  if (!carried_over_.empty()) {
    out.insert(out.end(), carried_over_.begin(), carried_over_.end());
    carried_over_.clear();
    region::merge_overlapping(out, static_cast<std::size_t>(first));  // most were written again
  }
  in_shipment_.insert(in_shipment_.end(), out.begin() + first, out.end());
  return {};
}

void TrackerBase::set_aside(region::LineSet& lines) {
  std::vector<Extent> extents;
  lines.append_to(extents);
  lines.clear();
  soft_waiting_.add(extents);
}

void TrackerBase::collect_soft() {
  for (std::size_t i = 0; i < marks_.size(); ++i) {
    if (spare_soft_[i]->count() > 0) set_aside(*spare_soft_[i]);  // nobody took what was set aside before
    std::swap(marks_[i]->soft, spare_soft_[i]);
  }
}

void TrackerBase::take_soft(std::vector<Extent>& out, std::uint64_t budget_bytes) {
  for (const auto& lines : spare_soft_) set_aside(*lines);
  soft_waiting_.take(out, budget_bytes / region::kLineBytes);
}

void TrackerBase::merge_back() {
  carried_over_.insert(carried_over_.end(), in_shipment_.begin(), in_shipment_.end());
  in_shipment_.clear();
  region::merge_overlapping(carried_over_, 0);
}

// A failure to watch anew only makes later collects return too much.
void TrackerBase::begin_anew() {
  std::vector<Extent> forgotten;
  [[maybe_unused]] const Status watched = take_written(forgotten);
  in_shipment_.clear();
  carried_over_.clear();
  collect_soft();
  for (auto& lines : spare_soft_) lines->clear();
  soft_waiting_.clear();
}

}  // namespace stillwater::trackers
