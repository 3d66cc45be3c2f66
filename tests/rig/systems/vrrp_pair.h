// keepalived (VRRPv3) + conntrackd (FTFW) + nftables: the pair that a Linux operator builds, set up as the
// manuals of these programs say. Its configuration files are in keepalived/.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/rig/process/child.h"
#include "tests/rig/systems/small_disk.h"
#include "tests/rig/systems/system.h"

namespace stillwater::rig {

struct VrrpPairOptions {
  std::string name;       // as the catalogue names it
  std::string advert_s;   // advertisement interval in seconds, "1" or "0.01"
  std::string templates;  // folder of keepalived/
  std::string out;        // absolute; a folder for each node goes there
  bool small_disks = false;
};

// A node's first process is keepalived, the second conntrackd; the kernel forwards and translates. With its
// processes dead a node's kernel goes on doing so until its links are down.
class VrrpPair final : public System {
 public:
  explicit VrrpPair(VrrpPairOptions options) : options_(std::move(options)) {}
  ~VrrpPair() override;

  [[nodiscard]] std::string name() const override { return options_.name; }
  [[nodiscard]] Plan plan() const override;
  [[nodiscard]] Status start(const Topology& topology) override;
  [[nodiscard]] std::string not_ready_because() override;
  [[nodiscard]] Nanos ready_within() const override { return 30s; }
  [[nodiscard]] bool has_virtual_mac() const override { return false; }
  [[nodiscard]] Node node(NodeId id) const override;
  void expect_gone(NodeId id) override { machine(id).expected_gone = true; }
  void lose_memory(NodeId id) override;
  [[nodiscard]] Status restart(NodeId id) override;
  [[nodiscard]] Status stop_in_order(NodeId id) override;
  [[nodiscard]] Result<std::optional<CheckpointFigures>> checkpoint_figures() override {
    return std::nullopt;
  }
  [[nodiscard]] Result<std::string> takeover() override;
  [[nodiscard]] std::string trouble() override;
  [[nodiscard]] std::string log_tails() override;

 private:
  struct Machine {
    std::optional<SmallDisk> disk{};  // outlives the processes that write to it
    std::optional<Child> keepalived{};
    std::optional<Child> conntrackd{};
    bool expected_gone = false;
    unsigned lives = 0;
  };

  [[nodiscard]] Machine& machine(NodeId id) { return id == NodeId::active ? active_ : standby_; }
  [[nodiscard]] const Machine& machine(NodeId id) const { return id == NodeId::active ? active_ : standby_; }
  [[nodiscard]] std::string folder(NodeId id) const { return options_.out + "/" + name_of(id); }
  // Keeps short what conntrackd limits to 107 characters.
  [[nodiscard]] std::string control(NodeId id) const { return folder(id) + "/ctl"; }
  [[nodiscard]] Status write_configuration(NodeId id) const;
  [[nodiscard]] Status load_rules(NodeId id) const;
  [[nodiscard]] Status start_node(NodeId id);
  // What the node's last transition said of itself; empty: there was none in this life.
  [[nodiscard]] std::string state(NodeId id) const;

  VrrpPairOptions options_;
  const Topology* topology_ = nullptr;
  Machine active_;
  Machine standby_;
};

}  // namespace stillwater::rig
