// A pair's configurations with TLS on every line, as the daemons would have to be told.
#include "tests/rig/systems/security.h"

#include <fstream>
#include <iterator>

#include <catch2/catch.hpp>
#include <yaml-cpp/yaml.h>

namespace stillwater::rig {
namespace {

YAML::Node secured_example(const std::string& file, const std::string& name, const std::string& peer) {
  std::ifstream in(std::string(RIG_CONFIGS_DIR) + "/" + file);
  const std::string example(std::istreambuf_iterator<char>(in), {});
  const auto text = TestAuthority("/run/pki").secured(example, name, peer);
  REQUIRE(text);
  return YAML::Load(*text);
}

}  // namespace

TEST_CASE("every line of a secured node has the node's own certificate, and none is in the clear") {
  const YAML::Node config = secured_example("firewall-b.yaml", "fw-b", "fw-a");
  for (const char* section : {"node", "replication", "witness"}) {
    CAPTURE(section);
    CHECK_FALSE(config[section]["tls"].IsDefined());
    CHECK(config[section]["tls_ca"].as<std::string>() == "/run/pki/ca.pem");
    CHECK(config[section]["tls_certificate"].as<std::string>() == "/run/pki/fw-b.pem");
    CHECK(config[section]["tls_key"].as<std::string>() == "/run/pki/fw-b.key");
  }
  CHECK(config["replication"]["peer_name"].as<std::string>() == "fw-a");
  CHECK(config["node"]["management"].as<std::string>() == kSecuredManagement);
  CHECK(config["arbiter"].as<std::string>() == "witness");
  CHECK(config["replication"]["lease"].as<std::string>() == "20ms");
}

TEST_CASE("a section that a configuration does not have is not made up") {
  const auto text = TestAuthority("/run/pki").secured("node: {name: fw-a}\narbiter: none\n", "fw-a", "fw-b");
  REQUIRE(text);
  const YAML::Node config = YAML::Load(*text);
  CHECK_FALSE(config["witness"].IsDefined());
  CHECK_FALSE(config["replication"].IsDefined());
  CHECK_FALSE(TestAuthority("/run/pki").secured("node: [", "fw-a", "fw-b"));
}

}  // namespace stillwater::rig
