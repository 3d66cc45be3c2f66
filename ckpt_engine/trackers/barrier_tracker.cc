#include "ckpt_engine/trackers/barrier_tracker.h"

#include <utility>

namespace stillwater::trackers {

BarrierTracker::BarrierTracker(const region::Region& region, Marks marks)
    : TrackerBase(region, std::move(marks)) {
  for (std::size_t i = 0; i < this->marks().size(); ++i)
    taken_.push_back(std::make_unique<region::LineSet>(region::kDataOffset, region.soft_begin()));
}

std::uint64_t BarrierTracker::written_bytes_hint() const {
  clear_taken();
  std::uint64_t bytes = 0;
  for (const region::WorkerMarks* m : marks()) bytes += std::uint64_t{m->hard->count()} * region::kLineBytes;
  return bytes;
}

Status BarrierTracker::take_written(std::vector<Extent>& out) {
  clear_taken();
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    std::swap(marks()[i]->hard, taken_[i]);
    taken_[i]->append_to(out);
  }
  return {};
}

void BarrierTracker::clear_taken() const {
  for (const auto& lines : taken_) lines->clear();
}

}  // namespace stillwater::trackers
