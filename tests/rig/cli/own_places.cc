#include "tests/rig/cli/own_places.h"

#include <fstream>

namespace stillwater::rig {

OwnPlaces own_places(const std::filesystem::path& program) {
  const auto folder = program.parent_path();
  std::string sources;
  if (std::ifstream named(folder / "source-folder"); named) std::getline(named, sources);
  const auto prefix = sources.empty() ? folder.parent_path() : std::filesystem::path("/usr/local");
  OwnPlaces places;
  places.daemon = prefix / "sbin/stillwaterd";
  places.witness = prefix / "sbin/stillwater-witness";
  places.client = prefix / "bin/stillwaterctl";
  if (!sources.empty()) {
    places.configs = sources + "/configs";
    places.templates = sources + "/tests/rig/systems";
    places.scenarios = sources + "/tests/rig/scenarios";
  } else {
    const auto data = prefix / "share/stillwater-rig";
    places.configs = data / "configs";
    places.templates = data / "systems";
    places.scenarios = data / "scenarios";
  }
  return places;
}

}  // namespace stillwater::rig
