// Two stillwaterd, one in each node's namespace, started from the example configurations of the firewall.
#pragma once

#include <optional>
#include <string>

#include "tests/rig/process/child.h"
#include "tests/rig/systems/node_status.h"
#include "tests/rig/systems/system.h"

namespace stillwater::rig {

struct StillwaterPaths {
  std::string daemon;   // stillwaterd
  std::string client;   // stillwaterctl
  std::string configs;  // folder of firewall-a.yaml and firewall-b.yaml
  std::string out;      // absolute; configurations, logs and management sockets go there
};

class StillwaterPair final : public System {
 public:
  explicit StillwaterPair(StillwaterPaths paths) : paths_(std::move(paths)) {}

  [[nodiscard]] std::string name() const override { return "stillwater"; }
  [[nodiscard]] Plan plan() const override;
  [[nodiscard]] Status start(const Topology& topology) override;
  [[nodiscard]] std::string not_ready_because() override;
  [[nodiscard]] pid_t active_pid() const override { return active_->pid(); }
  [[nodiscard]] std::vector<std::string> active_interfaces() const override {
    return {"in0", "out0", "repl0"};
  }
  void active_was_killed() override { active_killed_ = true; }
  [[nodiscard]] Result<std::optional<CheckpointFigures>> checkpoint_figures() override;
  [[nodiscard]] Result<std::string> takeover() override;
  [[nodiscard]] std::string trouble() override;
  [[nodiscard]] std::string log_tails() override;

 private:
  // `node` is "fw-a" or "fw-b".
  [[nodiscard]] std::string socket_path(const std::string& node) const {
    return paths_.out + "/" + node + ".sock";
  }
  [[nodiscard]] Status start_node(const std::string& node, const std::string& example, const Space& space,
                                  std::optional<Child>& child);
  [[nodiscard]] Result<NodeStatus> status(const std::string& node) const;

  StillwaterPaths paths_;
  std::optional<Child> active_;
  std::optional<Child> standby_;
  bool active_killed_ = false;
};

// The example configuration with its management address replaced. An error where it does not have exactly
// one.
[[nodiscard]] Result<std::string> with_management(const std::string& example, const std::string& address);

}  // namespace stillwater::rig
