// The default tracker: the containers' guards mark the lines they write, and the barrier hands them over.
#pragma once

#include <memory>
#include <vector>

#include "ckpt_engine/trackers/tracker_base.h"

namespace stillwater::trackers {

// O(dirty lines) whatever the region's size. What was written without a mark is not found.
class BarrierTracker final : public TrackerBase {
 public:
  BarrierTracker(const region::Region& region, Marks marks);

  [[nodiscard]] const char* name() const override { return "barrier"; }

 private:
  [[nodiscard]] Status take_written(std::vector<Extent>& out) override;
  [[nodiscard]] std::uint64_t written_bytes_hint() const override;
  void clear_taken() const;

  // One a worker: swapped for its marks, so that clearing what was taken, a cache miss a line, waits until
  // the workers run. The hint, which is asked for between any two collects, is that moment.
  std::vector<std::unique_ptr<region::LineSet>> taken_;
};

}  // namespace stillwater::trackers
