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
  for (region::WorkerMarks* m : marks_) {
    m->hard->append_to(out);
    m->hard->clear();
  }
  if (!carried_over_.empty()) {
    out.insert(out.end(), carried_over_.begin(), carried_over_.end());
    carried_over_.clear();
    region::merge_overlapping(out, first);  // most were written again
  }
  in_shipment_.insert(in_shipment_.end(), out.begin() + static_cast<std::ptrdiff_t>(first), out.end());
}

void BarrierTracker::collect_soft() {
  for (std::size_t i = 0; i < marks_.size(); ++i) {
    spare_soft_[i]->append_to(soft_left_);  // empty, unless nobody took what was set aside before
    spare_soft_[i]->clear();
    std::swap(marks_[i]->soft, spare_soft_[i]);
  }
}

// Goes on where the last one stopped, so that lines which are written all the time do not keep the others
// waiting. A line that waits already is not queued twice.
void BarrierTracker::take_soft(std::vector<Extent>& out, std::uint64_t budget_bytes) {
  for (auto& lines : spare_soft_) {
    lines->append_to(soft_left_);
    lines->clear();
  }
  region::merge_overlapping(soft_left_, 0);
  std::uint64_t room = budget_bytes / region::kLineBytes * region::kLineBytes;
  std::vector<Extent> left;
  const auto take = [&](std::uint64_t begin, std::uint64_t end) {
    if (begin >= end) return;
    const std::uint64_t taken = std::min(room, end - begin);
    if (taken > 0) {
      out.push_back({begin, taken});
      soft_next_ = begin + taken;
    }
    if (taken < end - begin) left.push_back({begin + taken, end - begin - taken});
    room -= taken;
  };
  const std::uint64_t turn = soft_next_;
  for (const Extent& e : soft_left_) take(std::max(e.offset, turn), e.offset + e.bytes);
  for (const Extent& e : soft_left_) take(e.offset, std::min(e.offset + e.bytes, turn));
  soft_left_ = std::move(left);
}

void BarrierTracker::committed() { in_shipment_.clear(); }

void BarrierTracker::merge_back() {
  carried_over_.insert(carried_over_.end(), in_shipment_.begin(), in_shipment_.end());
  in_shipment_.clear();
  region::merge_overlapping(carried_over_, 0);
}

}  // namespace stillwater::trackers
