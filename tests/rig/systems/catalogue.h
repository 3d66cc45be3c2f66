// The systems under test, by name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "tests/rig/systems/command_system.h"
#include "tests/rig/systems/system.h"

namespace stillwater::rig {

// What systems are started with; each takes what it needs.
struct SystemOptions {
  std::string daemon;     // stillwaterd
  std::string client;     // stillwaterctl
  std::string witness;    // stillwater-witness
  std::string configs;    // folder of firewall-a.yaml and firewall-b.yaml
  std::string templates;  // tests/rig/systems: the configuration files of other systems
  std::string out;        // absolute; configurations, logs and sockets go there
  // Each node's folder is a small disk that fault disk-full may fill; its logs go with it.
  bool small_disks = false;
  Security security = Security::configured;  // of Stillwater pairs
  std::vector<CommandSystem> own{};          // systems that the scenario brings along
};

struct SystemEntry {
  std::string name;
  std::string help;                   // one line
  std::vector<std::string> programs;  // that PATH must hold
  std::vector<std::string> files;     // that must be readable
};

// Everything that can be named, in the order of a help text; `files` as `options` places them.
[[nodiscard]] std::vector<SystemEntry> list_systems(const SystemOptions& options);

// invalid_argument: no such name; the message lists the names.
[[nodiscard]] Result<std::unique_ptr<System>> make_system(const std::string& name,
                                                          const SystemOptions& options);

}  // namespace stillwater::rig
