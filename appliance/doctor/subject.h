// What is examined: a host, and what a configuration wants of it.
#pragma once

#include <cstdint>
#include <vector>

#include "appliance/config/config.h"
#include "appliance/doctor/host.h"
#include "appliance/doctor/system.h"

namespace stillwater::appliance::doctor {

struct Subject {
  const Host& host;
  const System& system;
  const Config* config = nullptr;  // none: the host alone

  // The cores on which this process may run.
  [[nodiscard]] std::vector<std::uint32_t> allowed_cores() const;
  // Those of the configuration, else the last that a process may use, as the daemon takes them.
  [[nodiscard]] std::vector<std::uint32_t> worker_cores() const;
  [[nodiscard]] bool has_capability(unsigned number) const;  // as this process does
};

// PCI addresses of the ports' devices: "0000:3b:00.0".
[[nodiscard]] std::vector<std::string> pci_devices(const Config& config);

}  // namespace stillwater::appliance::doctor
