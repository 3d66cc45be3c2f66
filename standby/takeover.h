// How a standby becomes active: the steps, their order, and how long each took (mission Q7, D3).
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace stillwater::standby {

// The steps, in this order. The appliance implements them; each returns within its own bound.
class TakeoverSteps {
 public:
  virtual ~TakeoverSteps() = default;
  [[nodiscard]] virtual Status fence() = 0;                // the old active may not send any more
  [[nodiscard]] virtual Status finish_or_roll_back() = 0;  // the region is one whole epoch
  [[nodiscard]] virtual Status take_personality() = 0;     // this node's own profile, before anything resumes
  [[nodiscard]] virtual Status set_clocks() = 0;           // region time goes on, time-outs are raised
  [[nodiscard]] virtual Status drain_ports() = 0;          // what arrived before the fence is discarded
  [[nodiscard]] virtual Status restart_agent() = 0;        // workers go on: packets flow
  [[nodiscard]] virtual Status announce() = 0;             // neighbours learn the new place of the addresses
};

struct StepTime {
  const char* step;
  Nanos took;
};

struct TakeoverReport {
  std::vector<StepTime> steps;
  Nanos total{};
  // "fence 0.01 ms, finish or roll back 0.02 ms, ...: 1.2 ms in all"
  [[nodiscard]] std::string text() const;
};

// Runs the steps; stops at the first that fails, with its name in the error: nothing after it was done.
[[nodiscard]] Result<TakeoverReport> take_over(TakeoverSteps& steps, const Clock& clock);

}  // namespace stillwater::standby
