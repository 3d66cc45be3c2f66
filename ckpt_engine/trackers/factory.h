// Which dirty trackers this kernel has, and the one to use.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ckpt_engine/trackers/tracker_base.h"
#include "ckpt_engine/trackers/verifying_tracker.h"

namespace stillwater::trackers {

// In the order in which "auto" tries them.
[[nodiscard]] const std::vector<std::string>& tracker_names();

struct Availability {
  std::string name;
  Status usable;  // or why not
};

// Tries each tracker on a small region of its own: a write must be found.
[[nodiscard]] std::vector<Availability> probe();

using Skipped = std::function<void(const std::string& why)>;

// The tracker called `name`; for "auto" the first that works, each one before it told to `skipped`. Without
// `marks` nobody says what is written, and `barrier` does not work. Region and marks outlive the tracker.
// Errors: unavailable, with every reason; invalid_argument for a name that is none.
[[nodiscard]] Result<std::unique_ptr<DirtyTracker>> make_tracker(std::string_view name,
                                                                 const region::Region& region,
                                                                 const Marks& marks, const Skipped& skipped);

// `barrier` in verification mode. Errors: unavailable, where no tracker sees every write.
[[nodiscard]] Result<std::unique_ptr<DirtyTracker>> make_verified(const region::Region& region,
                                                                  const Marks& marks,
                                                                  VerifyingTracker::Report report);

}  // namespace stillwater::trackers
