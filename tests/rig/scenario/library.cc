#include "tests/rig/scenario/library.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace stillwater::rig {
namespace {

bool is_path(const std::string& which) {
  return which.find('/') != std::string::npos || which.ends_with(".yaml");
}

std::string names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const std::string& file : scenario_files(folder)) {
    names.push_back(std::filesystem::path(file).stem());
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

std::vector<std::string> scenario_files(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

Result<Scenario> load_scenario(const std::string& which, const std::string& folder, const Known& known) {
  const std::string path = is_path(which) ? which : folder + "/" + which + ".yaml";
  std::ifstream file(path);
  if (!file && is_path(which)) return fail(Errc::io, path + " cannot be read");
  if (!file) {
    return fail(Errc::invalid_argument,
                fmt::format("no scenario '{}'; there are: {}; or name a file", which, names_in(folder)));
  }
  const std::string text(std::istreambuf_iterator<char>(file), {});
  auto scenario = parse_scenario(text, path, known);
  // An absolute path stays as it is.
  if (scenario && !scenario->load.replay.file.empty()) {
    std::string& capture = scenario->load.replay.file;
    capture = (std::filesystem::absolute(path).parent_path() / capture).lexically_normal();
  }
  return scenario;
}

}  // namespace stillwater::rig
