// Fault: a node's daemon dies at a named step of the epoch, not a microsecond earlier or later.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/rig/faults/fault.h"

namespace stillwater::rig {

struct CrashStep {
  std::string name;      // "ship"
  NodeId node;           // whose daemon carries it out
  std::string function;  // dies on its first instruction
};

// The steps that have names.
[[nodiscard]] const std::vector<CrashStep>& crash_steps();
// A named step, or a function of the active's daemon ("stillwater::engine::Engine::ship"). invalid_argument
// lists the names.
[[nodiscard]] Result<CrashStep> crash_step(const std::string& name);

// Ends the process with SIGKILL where it next begins that step; returns the moment. From any thread. Errors:
// as of address_in_process() and kill_at().
[[nodiscard]] Result<Instant> crash_at(pid_t pid, const CrashStep& step, Nanos limit);

class Crash final : public Fault {
 public:
  Crash(CrashStep step, const FaultContext& context) : step_(std::move(step)), context_(context) {}

  [[nodiscard]] std::string name() const override { return "crash:" + step_.name; }
  [[nodiscard]] Expectation expectation() const override;
  [[nodiscard]] Status prepare() override;
  // Waits for the step.
  [[nodiscard]] Result<Struck> strike() override;
  [[nodiscard]] Nanos strike_within() const override { return 10s; }

 private:
  CrashStep step_;
  FaultContext context_;
  pid_t pid_ = 0;
  std::uintptr_t address_ = 0;
};

}  // namespace stillwater::rig
