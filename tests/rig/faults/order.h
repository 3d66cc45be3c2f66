// The faults that the system itself carries out: a stop in order, a restart at once, the loss of its third
// party, and those that it brings along.
#pragma once

#include <optional>
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

// An operator moves the lead to the standby, and, where it is healed, back. Nothing fails: nothing may be
// lost.
class Switchover final : public Fault {
 public:
  Switchover(std::optional<Nanos> back_after, const FaultContext& context)
      : back_after_(back_after), context_(context) {}

  [[nodiscard]] std::string name() const override { return "switchover"; }
  [[nodiscard]] Expectation expectation() const override {
    return {.gone = {}, .successor = !back_after_, .loses_service = false};
  }
  [[nodiscard]] Status prepare() override;
  [[nodiscard]] Result<Struck> strike() override;
  [[nodiscard]] std::optional<Nanos> heals_after() const override { return back_after_; }
  [[nodiscard]] Result<Struck> heal() override;
  [[nodiscard]] bool heal_is_a_strike() const override { return true; }

 private:
  std::optional<Nanos> back_after_;
  FaultContext context_;
};

// A node's processes are killed and started again at once, as a supervisor does: links stay up.
class Restart final : public Fault {
 public:
  Restart(NodeId node, const FaultContext& context) : node_(node), context_(context) {}

  [[nodiscard]] std::string name() const override {
    return node_ == NodeId::active ? "restart" : "restart-standby";
  }
  [[nodiscard]] Expectation expectation() const override;
  [[nodiscard]] Status prepare() override;
  [[nodiscard]] Result<Struck> strike() override;

 private:
  NodeId node_;
  FaultContext context_;
};

// The third party that keeps the record of who leads dies; its record stays on its disk.
class WitnessDown final : public Fault {
 public:
  WitnessDown(std::optional<Nanos> heals_after, const FaultContext& context)
      : heals_after_(heals_after), context_(context) {}

  [[nodiscard]] std::string name() const override { return "witness-down"; }
  [[nodiscard]] Expectation expectation() const override {
    return {.gone = {}, .successor = false, .loses_service = false};
  }
  [[nodiscard]] Status prepare() override;
  [[nodiscard]] Result<Struck> strike() override;
  [[nodiscard]] std::optional<Nanos> heals_after() const override { return heals_after_; }
  [[nodiscard]] Result<Struck> heal() override;

 private:
  std::optional<Nanos> heals_after_;
  FaultContext context_;
};

// A fault of the system's own, by its name there.
class CommandFault final : public Fault {
 public:
  CommandFault(std::string own_name, const FaultContext& context)
      : own_name_(std::move(own_name)), context_(context) {}

  [[nodiscard]] std::string name() const override { return "command:" + own_name_; }
  // As the system describes it. After prepare().
  [[nodiscard]] Expectation expectation() const override { return own_.expectation; }
  [[nodiscard]] Status prepare() override;
  [[nodiscard]] Result<Struck> strike() override;
  [[nodiscard]] std::optional<Nanos> heals_after() const override { return own_.heals_after; }
  [[nodiscard]] Result<Struck> heal() override;

 private:
  std::string own_name_;
  FaultContext context_;
  OwnFault own_;
};

}  // namespace stillwater::rig
