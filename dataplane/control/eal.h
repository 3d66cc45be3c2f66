// Starting DPDK's environment (EAL) with arguments of our own making.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace stillwater::dataplane {

struct EalOptions {
  bool hugepages = false;          // else ordinary memory, all of it taken at start
  std::uint32_t memory_mib = 256;  // for packet buffers, rings and the FIB (see RouteTable)
  std::uint32_t workers = 1;
  std::vector<std::uint32_t> cores{};      // one a worker; empty: the last ones this process may use
  std::string log_level = "warning";       // emergency .. debug, as DPDK names them
  std::vector<std::string> pci_devices{};  // empty: the PCI bus is not looked at
};

// The arguments that init_eal hands to DPDK, after the program's name. Lcore 0 is the calling thread on every
// core that the process may use, so it may share a worker's; lcores from 1 on are workers.
[[nodiscard]] std::vector<std::string> eal_arguments(const EalOptions& options);

// Once a process, on the main thread, before anything else here. Errors: failed_precondition (called
// already), invalid_argument (a core that there is not), io (DPDK refused; its own words went to stderr).
[[nodiscard]] Status init_eal(const EalOptions& options);

}  // namespace stillwater::dataplane
