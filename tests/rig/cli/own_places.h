// Where the tool finds what belongs to it, by where it lies itself: it may be moved, and holds no path.
#pragma once

#include <filesystem>
#include <string>

namespace stillwater::rig {

struct OwnPlaces {
  std::string configs;    // folder: example configurations
  std::string templates;  // folder: the other systems' configurations
  std::string scenarios;  // folder
  std::string daemon, witness, client;
};

// `program` is the tool's own file. In a build folder a file `source-folder` beside it names the sources,
// where its data are; the programs are those below /usr/local. Else it is PREFIX/bin/stillwater-rig.
[[nodiscard]] OwnPlaces own_places(const std::filesystem::path& program);

}  // namespace stillwater::rig
