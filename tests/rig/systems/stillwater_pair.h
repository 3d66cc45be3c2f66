// Two stillwaterd, one in each node's namespace, started from the example configurations of the firewall or
// what a scenario makes of them, and the witness that these name.
#pragma once

#include <optional>
#include <string>

#include "tests/rig/process/child.h"
#include "tests/rig/systems/config_values.h"
#include "tests/rig/systems/node_status.h"
#include "tests/rig/systems/security.h"
#include "tests/rig/systems/small_disk.h"
#include "tests/rig/systems/system.h"

namespace stillwater::rig {

struct StillwaterPaths {
  std::string name;     // as the catalogue or the scenario names it
  std::string daemon;   // stillwaterd
  std::string client;   // stillwaterctl
  std::string witness;  // stillwater-witness
  std::string configs;  // folder of firewall-a.yaml and firewall-b.yaml
  std::string out;      // absolute; configurations, logs and management sockets go there
  ConfigValues values;  // instead of those in `configs`, in both nodes' files
  Security security = Security::configured;
  bool small_disks = false;
};

class StillwaterPair final : public System {
 public:
  explicit StillwaterPair(StillwaterPaths paths)
      : paths_(std::move(paths)), authority_(paths_.out + "/pki") {}

  [[nodiscard]] std::string name() const override { return paths_.name; }
  [[nodiscard]] Plan plan() const override;
  [[nodiscard]] Status start(const Topology& topology) override;
  [[nodiscard]] std::string not_ready_because() override;
  [[nodiscard]] std::string not_redundant_because() override;
  [[nodiscard]] bool says_who_leads() const override { return true; }
  [[nodiscard]] PairState state() override;
  [[nodiscard]] std::optional<std::uint64_t> term() override;
  [[nodiscard]] Node node(NodeId id) const override;
  void expect_gone(NodeId id) override { machine(id).expected_gone = true; }
  [[nodiscard]] Status restart(NodeId id) override;
  [[nodiscard]] Status stop_in_order(NodeId id) override;
  [[nodiscard]] bool can_switch_over() const override { return true; }
  [[nodiscard]] Status switch_over(NodeId from) override;
  [[nodiscard]] bool has_witness() const override { return true; }
  [[nodiscard]] Status kill_witness() override;
  [[nodiscard]] Status start_witness() override;
  [[nodiscard]] Result<std::optional<CheckpointFigures>> checkpoint_figures() override;
  [[nodiscard]] Result<std::string> takeover() override;
  [[nodiscard]] std::string trouble() override;
  [[nodiscard]] std::string log_tails() override;

 private:
  struct Machine {
    const char* name;                 // in its configuration
    const char* example;              // the configuration that it starts from
    std::optional<SmallDisk> disk{};  // outlives the daemon that writes to it
    std::optional<Child> daemon{};
    bool expected_gone = false;
    unsigned lives = 0;
  };

  [[nodiscard]] Machine& machine(NodeId id) { return id == NodeId::active ? active_ : standby_; }
  [[nodiscard]] const Machine& machine(NodeId id) const { return id == NodeId::active ? active_ : standby_; }
  [[nodiscard]] std::string folder(NodeId id) const { return paths_.out + "/" + name_of(id); }
  [[nodiscard]] std::string socket_path(NodeId id) const {
    return paths_.out + "/" + machine(id).name + ".sock";
  }
  [[nodiscard]] std::string witness_folder() const { return paths_.out + "/witness"; }
  [[nodiscard]] bool secured() const { return paths_.security == Security::tls; }
  [[nodiscard]] Result<std::string> configuration(NodeId id) const;
  [[nodiscard]] Status start_node(NodeId id);
  [[nodiscard]] Result<NodeStatus> status(NodeId id) const;
  // What `stillwaterctl --json WORDS...` says, asked as an admin over TLS where the pair is secured.
  // What is asked in passing takes only processor time that nobody else wants: on a full machine a client
  // that starts costs the packets of the load.
  enum class Manner { now, in_passing };
  [[nodiscard]] Result<std::string> ask(NodeId id, const std::vector<std::string>& words,
                                        Manner manner) const;

  StillwaterPaths paths_;
  TestAuthority authority_;  // of a secured pair
  const Topology* topology_ = nullptr;
  std::optional<Child> witness_;
  bool witness_gone_ = false;  // by a fault
  unsigned witness_lives_ = 0;
  Machine active_{"fw-a", "firewall-a.yaml"};
  Machine standby_{"fw-b", "firewall-b.yaml"};
};

}  // namespace stillwater::rig
