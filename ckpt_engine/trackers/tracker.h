// Which memory changed since the last checkpoint (mission M2, M3), behind one contract.
#pragma once

#include <vector>

#include "base/result.h"
#include "ckpt_engine/region/dirty_lines.h"

namespace stillwater::trackers {

using region::Extent;

// What is collected stays this tracker's to answer for until `committed` or `merge_back` is called: a mark is
// dropped only after the commit that carried it (invariant 4). One control thread.
class DirtyTracker {
 public:
  virtual ~DirtyTracker() = default;

  [[nodiscard]] virtual const char* name() const = 0;

  // Bytes of hard state that the next collect would return, roughly. While workers run.
  [[nodiscard]] virtual std::uint64_t dirty_bytes_hint() const = 0;

  // Appends what was written of hard state since the last collect, as whole lines or pages, and watches it
  // anew; nothing twice but where two workers marked one line. Workers stand still. Errors: io; nothing is
  // lost by one, a later collect returns what this one found.
  [[nodiscard]] virtual Status collect(std::vector<Extent>& out) = 0;

  // Sets the soft lines written so far aside, for take_soft. Workers stand still.
  virtual void collect_soft() = 0;

  // Appends soft extents that were set aside, at most `budget_bytes`; the rest comes next time. Soft lines
  // have no fate to wait for: a lost shipment costs staleness. While workers run.
  virtual void take_soft(std::vector<Extent>& out, std::uint64_t budget_bytes) = 0;

  // What was collected is committed on the standby.
  virtual void committed() = 0;

  // What was collected was not shipped: the next collect returns it again.
  virtual void merge_back() = 0;

  // Forgets everything: somebody else wrote the region, or it is about to be copied in full. Workers stand
  // still.
  virtual void begin_anew() = 0;
};

}  // namespace stillwater::trackers
