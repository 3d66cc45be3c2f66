// The faults of one repetition: prepared together, struck and healed each at its time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "tests/rig/faults/fault.h"
#include "tests/rig/faults/schedule.h"

namespace stillwater::rig {

// Main thread. Destroying it undoes what would outlive the run (see Fault).
class Strikes {
 public:
  // `schedule` as schedule_faults reads it; "none": no fault.
  [[nodiscard]] static Result<Strikes> prepare(const std::string& schedule, std::uint64_t seed,
                                               const FaultContext& context);

  // When the next strike or heal is due; none: all is done. The first strike, before begin(), is due at once.
  [[nodiscard]] std::optional<Instant> next_due() const;
  // Does what is due at `now`.
  [[nodiscard]] Status act(Instant now);

  [[nodiscard]] bool none() const { return steps_.empty(); }
  // Nothing is left to strike; heals may be.
  [[nodiscard]] bool all_struck() const;
  // Of all faults together. One that is over within `tolerated` needs no successor: whether there is one is
  // the system's choice.
  [[nodiscard]] std::optional<Expectation> expectation(Nanos tolerated) const;
  // The first strike.
  [[nodiscard]] std::optional<Instant> struck_at() const { return struck_at_; }
  // The last strike so far, heals that are as much as one included.
  [[nodiscard]] std::optional<Instant> last_struck_at() const { return last_struck_at_; }
  // The last heal; none: nothing was healed.
  [[nodiscard]] std::optional<Instant> healed_at() const { return healed_at_; }
  [[nodiscard]] bool heals() const;
  // Of all strikes, the longest.
  [[nodiscard]] Nanos took() const { return took_; }

 private:
  struct Step {
    std::unique_ptr<Fault> fault;
    Nanos after{};  // from the first strike
    std::optional<Instant> struck;
    bool healed = false;
  };
  [[nodiscard]] std::optional<Instant> due(const Step& step) const;
  [[nodiscard]] Status act(Step& step);

  std::vector<Step> steps_;
  std::optional<Instant> struck_at_;
  std::optional<Instant> last_struck_at_;
  std::optional<Instant> healed_at_;
  Nanos took_{};
};

}  // namespace stillwater::rig
