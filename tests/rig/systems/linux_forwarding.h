// The control: plain kernel forwarding in the active's namespace, with no successor. What it loses without
// a fault, the harness loses; with a fault, it shows that the harness notices.
#pragma once

#include "tests/rig/systems/system.h"

namespace stillwater::rig {

class LinuxForwarding final : public System {
 public:
  [[nodiscard]] std::string name() const override { return "linux"; }
  [[nodiscard]] Plan plan() const override;
  [[nodiscard]] Status start(const Topology&) override { return {}; }
  [[nodiscard]] std::string not_ready_because() override { return {}; }
  [[nodiscard]] pid_t active_pid() const override { return 0; }
  [[nodiscard]] std::vector<std::string> active_interfaces() const override {
    return {"in0", "out0", "repl0"};
  }
  void active_was_killed() override {}
  [[nodiscard]] Result<std::optional<CheckpointFigures>> checkpoint_figures() override {
    return std::nullopt;
  }
  [[nodiscard]] Result<std::string> takeover() override { return std::string(); }
  [[nodiscard]] std::string trouble() override { return {}; }
  [[nodiscard]] std::string log_tails() override { return {}; }
};

}  // namespace stillwater::rig
