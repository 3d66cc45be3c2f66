#include "tests/rig/report/machine.h"

#include <fstream>
#include <string>
#include <thread>

#include <sys/utsname.h>

#include <nlohmann/json.hpp>

namespace stillwater::rig {
namespace {

std::string first_value_of(const std::string& file, const std::string& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t colon = line.find(':');
    const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

}  // namespace

nlohmann::json this_machine() {
  utsname kernel{};
  uname(&kernel);
  return {{"cpu", first_value_of("/proc/cpuinfo", "model name")},
          {"cores", std::thread::hardware_concurrency()},
          {"kernel", kernel.release},
          {"memory", first_value_of("/proc/meminfo", "MemTotal")},
          {"hugepages_total", first_value_of("/proc/meminfo", "HugePages_Total")}};
}

}  // namespace stillwater::rig
