#include "tests/rig/demo/preflight.h"

#include <algorithm>
#include <filesystem>

#include <sys/resource.h>

#include <fmt/format.h>
#include <unistd.h>

#include "tests/rig/process/command.h"
#include "tests/rig/topology/topology.h"

namespace stillwater::rig {
namespace {

// Both ends of every connection, each new connection for at most its time-out, and some to spare.
rlim_t descriptors_needed(const DemoOptions& options) {
  return 2 * rlim_t{options.connections} + 2 * 6 * rlim_t{options.new_per_s} + 256;
}

bool can_open(rlim_t descriptors) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= descriptors) return true;
  limit.rlim_cur = descriptors;
  limit.rlim_max = std::max(limit.rlim_max, descriptors);
  return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

}  // namespace

std::vector<std::string> obstacles(const DemoOptions& options) {
  std::vector<std::string> found;
  if (geteuid() != 0) found.emplace_back("network namespaces need root: run it with sudo");
  for (const char* tool : {"ip", "ethtool"}) {
    if (!is_in_path(tool)) found.push_back(fmt::format("`{}` is not installed", tool));
  }
  if (options.system == "stillwater") {
    for (const char* program : {"/appliance/stillwaterd", "/mgmt/stillwaterctl"}) {
      const std::string path = options.bin + program;
      if (access(path.c_str(), X_OK) != 0) found.push_back(path + " is not there: build it first");
    }
    for (const char* example : {"/firewall-a.yaml", "/firewall-b.yaml"}) {
      const std::string path = options.configs + example;
      if (access(path.c_str(), R_OK) != 0) found.push_back(path + " cannot be read");
    }
  }
  for (const std::string& space : leftover_spaces()) {
    found.push_back(fmt::format("a run that was killed left namespace {}: ip netns del {}", space, space));
  }
  std::error_code error;
  std::filesystem::create_directories(options.out, error);
  if (error) found.push_back(fmt::format("cannot make {}: {}", options.out, error.message()));
  if (!can_open(descriptors_needed(options))) {
    found.push_back(fmt::format("{} open files are needed (ulimit -n)", descriptors_needed(options)));
  }
  return found;
}

}  // namespace stillwater::rig
