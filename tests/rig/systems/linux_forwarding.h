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
  [[nodiscard]] Nanos ready_within() const override { return 1s; }
  [[nodiscard]] std::vector<NodeId> nodes() const override { return {NodeId::active}; }
  [[nodiscard]] bool has_processes() const override { return false; }
  [[nodiscard]] Node node(NodeId) const override {
    return {.space = "active", .inside = {"in0"}, .outside = {"out0"}, .replication = {"repl0"}};
  }
  void expect_gone(NodeId) override {}
  [[nodiscard]] Status restart(NodeId) override { return fail(Errc::failed_precondition, kNoProcesses); }
  [[nodiscard]] Status stop_in_order(NodeId) override {
    return fail(Errc::failed_precondition, kNoProcesses);
  }
  [[nodiscard]] Result<std::optional<CheckpointFigures>> checkpoint_figures() override {
    return std::nullopt;
  }
  [[nodiscard]] Result<std::string> takeover() override { return std::string(); }
  [[nodiscard]] std::string trouble() override { return {}; }
  [[nodiscard]] std::string log_tails() override { return {}; }

 private:
  static constexpr const char* kNoProcesses = "plain kernel forwarding has no processes to stop or to start";
};

}  // namespace stillwater::rig
