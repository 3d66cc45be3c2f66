#include "ckpt_engine/trackers/barrier_tracker.h"

#include <algorithm>
#include <utility>

namespace stillwater::trackers {

BarrierTracker::BarrierTracker(const region::Region& region, std::vector<region::WorkerMarks*> marks)
    : marks_(std::move(marks)) {
  for (std::size_t i = 0; i < marks_.size(); ++i)
    spare_soft_.push_back(std::make_unique<region::LineSet>(region.soft_begin(), region.size()));
}

std::uint64_t BarrierTracker::dirty_bytes_hint() const {
  std::uint64_t bytes = 0;
  for (const region::WorkerMarks* m : marks_) bytes += std::uint64_t{m->hard->count()} * region::kLineBytes;
  for (const Extent& e : carried_over_) bytes += e.bytes;
  return bytes;
}

void BarrierTracker::collect(std::vector<Extent>& out) {
  const std::size_t first = out.size();
  out.insert(out.end(), carried_over_.begin(), carried_over_.end());
  carried_over_.clear();
  for (region::WorkerMarks* m : marks_) {
    m->hard->append_to(out);
    m->hard->clear();
  }
  in_shipment_.insert(in_shipment_.end(), out.begin() + static_cast<std::ptrdiff_t>(first), out.end());
}

void BarrierTracker::collect_soft() {
  for (std::size_t i = 0; i < marks_.size(); ++i)
    if (spare_soft_[i]->count() == 0) std::swap(marks_[i]->soft, spare_soft_[i]);
}

void BarrierTracker::take_soft(std::vector<Extent>& out, std::uint64_t budget_bytes) {
  for (auto& lines : spare_soft_) {
    lines->append_to(soft_left_);
    lines->clear();
  }
  std::size_t taken = 0;
  for (std::uint64_t bytes = 0; taken < soft_left_.size() && bytes + soft_left_[taken].bytes <= budget_bytes;
       ++taken)
    bytes += soft_left_[taken].bytes;
  out.insert(out.end(), soft_left_.begin(), soft_left_.begin() + static_cast<std::ptrdiff_t>(taken));
  soft_left_.erase(soft_left_.begin(), soft_left_.begin() + static_cast<std::ptrdiff_t>(taken));
}

void BarrierTracker::committed() { in_shipment_.clear(); }

void BarrierTracker::merge_back() {
  carried_over_.insert(carried_over_.end(), in_shipment_.begin(), in_shipment_.end());
  in_shipment_.clear();
}

}  // namespace stillwater::trackers
