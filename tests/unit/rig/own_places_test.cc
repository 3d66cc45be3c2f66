// The tool finds what belongs to it by where it lies.
#include "tests/rig/cli/own_places.h"

#include <fstream>

#include <catch2/catch.hpp>
#include <unistd.h>

namespace stillwater::rig {
namespace {

struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("rig-places-" + std::to_string(getpid()));
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
};

TEST_CASE("an installed tool takes what lies below its prefix, wherever that is") {
  for (const std::string prefix : {"/usr", "/usr/local", "/opt/stillwater"}) {
    const OwnPlaces places = own_places(prefix + "/bin/stillwater-rig");
    CHECK(places.daemon == prefix + "/sbin/stillwaterd");
    CHECK(places.witness == prefix + "/sbin/stillwater-witness");
    CHECK(places.client == prefix + "/bin/stillwaterctl");
    CHECK(places.configs == prefix + "/share/stillwater-rig/configs");
    CHECK(places.templates == prefix + "/share/stillwater-rig/systems");
    CHECK(places.scenarios == prefix + "/share/stillwater-rig/scenarios");
  }
}

TEST_CASE("a tool in a build folder reads the sources that the file beside it names") {
  const Folder folder;
  std::ofstream(folder.path / "source-folder") << "/home/someone/stillwater\n";
  const OwnPlaces places = own_places(folder.path / "stillwater-rig");
  CHECK(places.configs == "/home/someone/stillwater/configs");
  CHECK(places.templates == "/home/someone/stillwater/tests/rig/systems");
  CHECK(places.scenarios == "/home/someone/stillwater/tests/rig/scenarios");
  CHECK(places.daemon == "/usr/local/sbin/stillwaterd");
}

}  // namespace
}  // namespace stillwater::rig
