#include "tests/rig/systems/witness.h"

#include <filesystem>

namespace stillwater::rig {

std::string life_suffix(unsigned life) { return life == 1 ? "" : "-" + std::to_string(life); }

Result<Child> start_witness(const std::string& program, const Topology& topology, const std::string& folder,
                            unsigned life, const std::vector<std::string>& security) {
  const std::string records = folder + "/records";
  std::error_code error;
  std::filesystem::create_directories(records, error);
  if (error) return fail(Errc::io, "cannot make " + records + ": " + error.message());
  std::vector<std::string> command{program, "--listen", "0.0.0.0:7800", "--data", records};
  command.insert(command.end(), security.begin(), security.end());
  return Child::start(command, topology.space("witness").fd(),
                      folder + "/witness" + life_suffix(life) + ".log");
}

}  // namespace stillwater::rig
