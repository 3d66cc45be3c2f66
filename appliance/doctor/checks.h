// The checks, each of one thing. They read the host and change nothing; any thread.
#pragma once

#include "appliance/doctor/finding.h"
#include "appliance/doctor/subject.h"

namespace stillwater::appliance::doctor {

using Check = Findings (*)(const Subject& subject);

// cpu.cc
[[nodiscard]] Findings check_cpu_flags(const Subject& subject);
[[nodiscard]] Findings check_cpu_count(const Subject& subject);
[[nodiscard]] Findings check_isolation(const Subject& subject);
[[nodiscard]] Findings check_governor(const Subject& subject);
// memory.cc
[[nodiscard]] Findings check_hugepages(const Subject& subject);
[[nodiscard]] Findings check_memory(const Subject& subject);
[[nodiscard]] Findings check_swap(const Subject& subject);
[[nodiscard]] Findings check_numa(const Subject& subject);
// ports.cc: with a configuration
[[nodiscard]] Findings check_interfaces(const Subject& subject);
[[nodiscard]] Findings check_pci_drivers(const Subject& subject);
[[nodiscard]] Findings check_iommu(const Subject& subject);
// kernel.cc
[[nodiscard]] Findings check_trackers(const Subject& subject);
[[nodiscard]] Findings check_capabilities(const Subject& subject);
[[nodiscard]] Findings check_kvm(const Subject& subject);
// limits.cc
[[nodiscard]] Findings check_locked_memory(const Subject& subject);
[[nodiscard]] Findings check_realtime(const Subject& subject);
[[nodiscard]] Findings check_open_files(const Subject& subject);
// clocks.cc
[[nodiscard]] Findings check_clock_source(const Subject& subject);
[[nodiscard]] Findings check_clock_sync(const Subject& subject);
// network.cc: with a configuration
[[nodiscard]] Findings check_listening(const Subject& subject);
[[nodiscard]] Findings check_peers(const Subject& subject);
// certificates.cc: with a configuration
[[nodiscard]] Findings check_certificates(const Subject& subject);
// folders.cc
[[nodiscard]] Findings check_management_folder(const Subject& subject);
[[nodiscard]] Findings check_disk(const Subject& subject);

}  // namespace stillwater::appliance::doctor
