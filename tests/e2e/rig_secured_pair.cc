// A pair that a scenario wants secured runs so in the rig, and the rig still reads its status. Needs root;
// without it the case says that it was skipped.
#include <filesystem>
#include <fstream>
#include <iterator>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "tests/e2e/eventually.h"
#include "tests/rig/process/command.h"
#include "tests/rig/systems/catalogue.h"

namespace stillwater::e2e {
namespace {

using namespace rig;

const std::string kBuild = STILLWATER_BUILD_DIR;

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Whether `stillwaterctl WORDS... status` is answered in this network.
bool answers(const Space& space, std::vector<std::string> words) {
  words.insert(words.begin(), kBuild + "/mgmt/stillwaterctl");
  words.emplace_back("status");
  const auto said = run_command_in(space.fd(), words, 20s);
  return said && said->exit_status == 0;
}

}  // namespace

TEST_CASE("a secured pair comes into sync, none of its lines is in the clear, and strangers learn nothing") {
  if (geteuid() != 0 || !is_in_path("ip") || !is_in_path("ethtool")) {
    WARN("skipped: needs root, ip and ethtool");
    return;
  }
  const SystemOptions options{.daemon = kBuild + "/appliance/stillwaterd",
                              .client = kBuild + "/mgmt/stillwaterctl",
                              .witness = kBuild + "/mgmt/witness/stillwater-witness",
                              .configs = STILLWATER_CONFIGS_DIR,
                              .templates = {},
                              .out = kBuild + "/rig-secured",
                              .security = Security::tls};
  std::filesystem::create_directories(options.out);
  const Topology network =
      Topology::build(make_system("stillwater", options).value()->plan(), own_prefix() + "t").value();
  const auto pair = make_system("stillwater", options).value();
  REQUIRE(pair->start(network));
  const bool ready = eventually(20s, [&] { return pair->not_ready_because().empty(); });
  INFO(pair->not_ready_because() << "\n" << pair->log_tails());
  REQUIRE(ready);
  CHECK(pair->term() >= 1);
  for (const char* file : {"/firewall-a.yaml", "/firewall-b.yaml"}) {
    CHECK(text_of(options.out + file).find("tls: none") == std::string::npos);
  }
  const Space& space = network.space("active");
  const std::string pki = options.out + "/pki";
  CHECK(answers(space, {"--address", kSecuredManagement, "--tls-ca", pki + "/ca.pem", "--tls-cert",
                        pki + "/rig.pem", "--tls-key", pki + "/rig.key"}));
  CHECK_FALSE(answers(space, {"--address", kSecuredManagement, "--tls", "none"}));
}

}  // namespace stillwater::e2e
