// Any other system: its nodes are started, asked, stopped and broken by the commands of a scenario.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/rig/process/child.h"
#include "tests/rig/systems/command_system.h"
#include "tests/rig/systems/small_disk.h"
#include "tests/rig/systems/system.h"

namespace stillwater::rig {

// The standby is started once the active is ready, so that who leads first is known. What `start` began, and
// whatever stayed in its process group, ends with the node.
class CommandPair final : public System {
 public:
  // `out` is absolute; a folder for each node goes there.
  CommandPair(CommandSystem commands, std::string out, bool small_disks)
      : commands_(std::move(commands)), out_(std::move(out)), small_disks_(small_disks) {}

  [[nodiscard]] std::string name() const override { return commands_.name; }
  [[nodiscard]] Plan plan() const override;
  [[nodiscard]] Status start(const Topology& topology) override;
  [[nodiscard]] std::string not_ready_because() override;
  [[nodiscard]] std::string not_redundant_because() override;
  [[nodiscard]] Nanos ready_within() const override { return commands_.ready_within; }
  [[nodiscard]] std::vector<NodeId> nodes() const override;
  [[nodiscard]] bool has_processes() const override { return !commands_.start.empty(); }
  [[nodiscard]] Node node(NodeId id) const override;
  void expect_gone(NodeId id) override { machine(id).expected_gone = true; }
  void lose_memory(NodeId id) override;
  [[nodiscard]] Status restart(NodeId id) override;
  [[nodiscard]] Status stop_in_order(NodeId id) override;
  [[nodiscard]] bool can_stop_in_order() const override { return !commands_.stop.empty(); }
  [[nodiscard]] Result<OwnFault> own_fault(const std::string& fault) override;
  [[nodiscard]] bool has_virtual_mac() const override { return commands_.virtual_mac; }
  [[nodiscard]] Result<std::optional<CheckpointFigures>> checkpoint_figures() override {
    return std::nullopt;
  }
  [[nodiscard]] Result<std::string> takeover() override;
  [[nodiscard]] std::string trouble() override;
  [[nodiscard]] std::string log_tails() override;

 private:
  struct Machine {
    std::optional<SmallDisk> disk{};  // outlives the processes that write to it
    std::optional<Child> process{};   // of `start`
    bool started = false;
    bool expected_gone = false;
    unsigned lives = 0;
  };

  [[nodiscard]] Machine& machine(NodeId id) { return id == NodeId::active ? active_ : standby_; }
  [[nodiscard]] const Machine& machine(NodeId id) const { return id == NodeId::active ? active_ : standby_; }
  [[nodiscard]] std::string folder(NodeId id) const { return out_ + "/" + name_of(id); }
  [[nodiscard]] std::string log(NodeId id) const;
  [[nodiscard]] Status make_folder(NodeId id);
  [[nodiscard]] Status start_node(NodeId id);
  // `env NAME=VALUE ... /bin/sh -c COMMAND`.
  [[nodiscard]] std::vector<std::string> words(NodeId id, const std::string& command) const;
  // Runs a command of the node to its end; an error unless it ends with 0 in time.
  [[nodiscard]] Status carry_out(NodeId id, const std::string& what, const std::string& command) const;
  // Whether a question is answered with 0; an empty one is.
  [[nodiscard]] bool says_yes(NodeId id, const std::string& command) const;
  // Empty: the node runs and says that it is ready.
  [[nodiscard]] std::string unready(NodeId id) const;

  CommandSystem commands_;
  std::string out_;
  bool small_disks_;
  const Topology* topology_ = nullptr;
  Machine active_;
  Machine standby_;
};

// What the commands of a node find in their environment, beside STILLWATER_RIG_PID. Pure.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> command_environment(
    const CommandSystem& commands, NodeId id, const std::string& folder, const std::string& log);

}  // namespace stillwater::rig
