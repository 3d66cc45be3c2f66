// The faults that the system itself carries out: a stop in order, and a restart at once.
#pragma once

#include <string>

#include "tests/rig/faults/fault.h"

namespace stillwater::rig {

// An operator takes the active out of service.
class PlannedStop final : public Fault {
 public:
  explicit PlannedStop(const FaultContext& context) : context_(context) {}

  [[nodiscard]] std::string name() const override { return "planned-stop"; }
  [[nodiscard]] Expectation expectation() const override;
  [[nodiscard]] Status prepare() override;
  [[nodiscard]] Result<Struck> strike() override;

 private:
  FaultContext context_;
};

// The active's processes are killed and started again at once, as a supervisor does: links stay up.
class Restart final : public Fault {
 public:
  explicit Restart(const FaultContext& context) : context_(context) {}

  [[nodiscard]] std::string name() const override { return "restart"; }
  [[nodiscard]] Expectation expectation() const override;
  [[nodiscard]] Status prepare() override;
  [[nodiscard]] Result<Struck> strike() override;

 private:
  FaultContext context_;
};

}  // namespace stillwater::rig
