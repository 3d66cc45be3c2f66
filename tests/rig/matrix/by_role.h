// A pair with its nodes named by the roles that they have now, not by those that they had as the run began: a
// fault of the active strikes whoever leads.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "tests/rig/systems/system.h"

namespace stillwater::rig {

// `pair` outlives it. The names stay as they are for as long as it lives, whatever happens to the roles. A
// node that several faults took away has no processes and starts none until the last of them is healed: a
// machine without power restarts nothing.
class ByRole final : public System {
 public:
  ByRole(System& pair, NodeId leader) : pair_(pair), swapped_(leader == NodeId::standby) {}

  [[nodiscard]] std::string name() const override { return pair_.name(); }
  [[nodiscard]] Plan plan() const override { return pair_.plan(); }
  [[nodiscard]] Status start(const Topology& topology) override { return pair_.start(topology); }
  [[nodiscard]] std::string not_ready_because() override { return pair_.not_ready_because(); }
  [[nodiscard]] bool has_processes() const override { return pair_.has_processes(); }
  [[nodiscard]] Node node(NodeId role) const override {
    Node node = pair_.node(at(role));
    if (gone(role) > 0) node.processes.clear();
    return node;
  }
  void expect_gone(NodeId role) override {
    ++gone(role);
    pair_.expect_gone(at(role));
  }
  void lose_memory(NodeId role) override { pair_.lose_memory(at(role)); }
  [[nodiscard]] Status restart(NodeId role) override {
    if (gone(role) > 0 && --gone(role) > 0) return {};
    return pair_.restart(at(role));
  }
  [[nodiscard]] Status stop_in_order(NodeId role) override { return pair_.stop_in_order(at(role)); }
  [[nodiscard]] bool has_witness() const override { return pair_.has_witness(); }
  [[nodiscard]] Status kill_witness() override { return pair_.kill_witness(); }
  [[nodiscard]] Status start_witness() override { return pair_.start_witness(); }
  [[nodiscard]] Result<std::optional<CheckpointFigures>> checkpoint_figures() override {
    return pair_.checkpoint_figures();
  }
  [[nodiscard]] Result<std::string> takeover() override { return pair_.takeover(); }
  [[nodiscard]] std::string trouble() override { return pair_.trouble(); }
  [[nodiscard]] std::string log_tails() override { return pair_.log_tails(); }

 private:
  [[nodiscard]] NodeId at(NodeId role) const { return swapped_ ? other(role) : role; }

  [[nodiscard]] unsigned& gone(NodeId role) { return gone_[role == NodeId::active ? 0 : 1]; }
  [[nodiscard]] unsigned gone(NodeId role) const { return gone_[role == NodeId::active ? 0 : 1]; }

  System& pair_;
  std::array<unsigned, 2> gone_{};  // by how many faults
  bool swapped_;
};

}  // namespace stillwater::rig
