// Fault: somebody sets the machine's clock. CLOCK_REALTIME jumps for every process of the machine;
// CLOCK_BOOTTIME and CLOCK_MONOTONIC, which cannot be set, run on.
#pragma once

#include <string>

#include "tests/rig/faults/fault.h"

namespace stillwater::rig {

// Sets the clock back by the same step at heal() or, at the latest, at destruction.
class ClockStep final : public Fault {
 public:
  ClockStep(Nanos step, Nanos heals_after) : step_(step), heals_after_(heals_after) {}
  ~ClockStep() override;

  [[nodiscard]] std::string name() const override { return "clock-step"; }
  [[nodiscard]] Expectation expectation() const override {
    return {.gone = {}, .successor = false, .loses_service = false};
  }
  [[nodiscard]] Status prepare() override;
  [[nodiscard]] Result<Struck> strike() override;
  [[nodiscard]] std::optional<Nanos> heals_after() const override { return heals_after_; }
  [[nodiscard]] Result<Struck> heal() override;

 private:
  Nanos step_;
  Nanos heals_after_;
  bool stepped_ = false;
};

}  // namespace stillwater::rig
