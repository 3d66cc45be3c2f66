// A system that a scenario describes, as values. Its keys are documented in scenarios/README.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "tests/rig/systems/config_values.h"
#include "tests/rig/systems/node.h"
#include "tests/rig/systems/security.h"

namespace stillwater::rig {

// Each is run by /bin/sh in the namespace of a node; an empty one is none.
struct CommandFaultPlan {
  std::string name;
  NodeId on = NodeId::active;
  std::string run;
  std::string heal{};
  std::optional<Nanos> heal_after{};  // with `heal`
  bool successor = false;             // as Expectation has them
  bool loses_service = true;
};

// A Stillwater pair that is configured otherwise than the examples.
struct StillwaterConfig {
  std::string folder{};  // of firewall-a.yaml and firewall-b.yaml; empty: the examples'
  ConfigValues values{};
  std::optional<Security> security{};  // none: as the scenario has it for all
  [[nodiscard]] const std::string& folder_or(const std::string& examples) const {
    return folder.empty() ? examples : folder;
  }
};

struct CommandSystem {
  std::string name;
  std::string about{};
  std::optional<StillwaterConfig> stillwater{};  // nothing below is said; none: it is made of commands
  std::uint32_t nodes = 2;
  bool kernel_ports = true;  // the kernels own the data ports; else a daemon does
  bool virtual_mac = false;
  std::vector<std::string> programs{};  // that PATH must hold
  std::string setup{};                  // ends with 0 before `start` begins
  std::string start{};                  // runs as long as the node does
  std::string stop{};                   // what an operator does; none: SIGTERM to `start`
  std::string forget{};                 // what the node's kernel loses with power
  std::string ready{};
  std::string active{};
  std::string redundant{};
  Nanos ready_within = 30s;
  std::vector<CommandFaultPlan> faults{};
  std::string folder{};  // of the scenario's file
};

}  // namespace stillwater::rig
