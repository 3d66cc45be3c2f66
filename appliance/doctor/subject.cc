#include "appliance/doctor/subject.h"

#include <algorithm>
#include <charconv>

#include "appliance/config/device.h"

namespace stillwater::appliance::doctor {

std::vector<std::uint32_t> Subject::allowed_cores() const {
  return numbers_of(host.field("/proc/self/status", "Cpus_allowed_list").value_or(""));
}

std::vector<std::uint32_t> Subject::worker_cores() const {
  if (config != nullptr && !config->eal.cores.empty()) return config->eal.cores;
  std::vector<std::uint32_t> cores = allowed_cores();
  const std::size_t workers = config != nullptr ? config->dataplane.workers : 1;
  if (cores.size() > workers) cores.erase(cores.begin(), cores.end() - static_cast<std::ptrdiff_t>(workers));
  return cores;
}

bool Subject::has_capability(unsigned number) const {
  const std::string set = host.field("/proc/self/status", "CapEff").value_or("");
  std::uint64_t bits = 0;
  std::from_chars(set.data(), set.data() + set.size(), bits, 16);
  return (bits >> number & 1) != 0;
}

std::vector<std::string> pci_devices(const Config& config) {
  std::vector<std::string> found;
  for (const auto& port : config.dataplane.ports) {
    const std::string name = name_of_device(port.device);
    const auto colons = std::count(name.begin(), name.end(), ':');
    if (colons == 0 || name.find_first_not_of("0123456789abcdefABCDEF:.") != std::string::npos) continue;
    found.push_back(colons == 1 ? "0000:" + name : name);
  }
  return found;
}

}  // namespace stillwater::appliance::doctor
