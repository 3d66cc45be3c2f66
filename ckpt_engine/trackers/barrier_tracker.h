// The default tracker: the containers' guards mark the lines they write, and the barrier hands them over.
#pragma once

#include <memory>
#include <vector>

#include "ckpt_engine/region/region.h"
#include "ckpt_engine/trackers/tracker.h"

namespace stillwater::trackers {

// O(dirty lines) whatever the region's size.
class BarrierTracker final : public DirtyTracker {
 public:
  // `marks` are the workers' and outlive the tracker.
  BarrierTracker(const region::Region& region, std::vector<region::WorkerMarks*> marks);

  [[nodiscard]] const char* name() const override { return "barrier"; }
  [[nodiscard]] std::uint64_t dirty_bytes_hint() const override;
  void collect(std::vector<Extent>& out) override;
  void collect_soft() override;
  void take_soft(std::vector<Extent>& out, std::uint64_t budget_bytes) override;
  void committed() override;
  void merge_back() override;

 private:
  std::vector<region::WorkerMarks*> marks_;
  std::vector<std::unique_ptr<region::LineSet>> spare_soft_;  // one a worker, empty unless set aside
  std::vector<Extent> in_shipment_;                           // collected, fate unknown
  std::vector<Extent> carried_over_;                          // merged back, to be collected again
  std::vector<Extent> soft_left_;                             // beyond the last soft budget
  std::uint64_t soft_next_ = 0;                               // where the next soft budget begins
};

}  // namespace stillwater::trackers
