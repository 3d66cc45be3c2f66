// What all trackers share: soft lines, which only marks tell, and the fate of what was collected.
#pragma once

#include <memory>
#include <vector>

#include "ckpt_engine/region/region.h"
#include "ckpt_engine/trackers/tracker.h"
#include "ckpt_engine/trackers/waiting_lines.h"

namespace stillwater::trackers {

using Marks = std::vector<region::WorkerMarks*>;

class TrackerBase : public DirtyTracker {
 public:
  [[nodiscard]] std::uint64_t dirty_bytes_hint() const final;
  [[nodiscard]] Status collect(std::vector<Extent>& out) final;
  void collect_soft() final;
  void take_soft(std::vector<Extent>& out, std::uint64_t budget_bytes) final;
  void committed() final { in_shipment_.clear(); }
  void merge_back() final;
  void begin_anew() final;

 protected:
  // `marks` are the workers' and outlive the tracker.
  TrackerBase(const region::Region& region, Marks marks);

  // Appends what was written since the last call and watches it anew. On an error, what it appended was
  // found before, and what it did not is found by the next call.
  [[nodiscard]] virtual Status take_written(std::vector<Extent>& out) = 0;
  [[nodiscard]] virtual std::uint64_t written_bytes_hint() const = 0;

  [[nodiscard]] const Marks& marks() const { return marks_; }

 private:
  // Lets the lines of a spare set wait.
  void set_aside(region::LineSet& lines);

  Marks marks_;
  std::vector<std::unique_ptr<region::LineSet>> spare_soft_;  // one a worker, empty unless set aside
  std::vector<Extent> in_shipment_;                           // collected, fate unknown
  std::vector<Extent> carried_over_;                          // merged back, to be collected again
  WaitingLines soft_waiting_;                                 // set aside, beyond the last budget
};

}  // namespace stillwater::trackers
