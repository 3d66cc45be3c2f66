// Values of a configuration are replaced by their place; what is beside them stays.
#include "tests/rig/systems/config_values.h"

#include <fstream>
#include <iterator>

#include <catch2/catch.hpp>
#include <yaml-cpp/yaml.h>

namespace stillwater::rig {
namespace {

constexpr const char* kText = "a: {b: 1, c: 2}\nlist:\n  - {x: 3}\n  - {x: 4}\n  - 5\n";

}  // namespace

TEST_CASE("values are replaced, and added, by their place") {
  const auto changed =
      with_values(kText, {{"a.b", "one"}, {"a.new", "n"}, {"list.1.x", "four"}, {"list.2", "five"}});
  REQUIRE(changed);
  const YAML::Node now = YAML::Load(*changed);
  CHECK(now["a"]["b"].as<std::string>() == "one");
  CHECK(now["a"]["c"].as<int>() == 2);
  CHECK(now["a"]["new"].as<std::string>() == "n");
  CHECK(now["list"][0]["x"].as<int>() == 3);
  CHECK(now["list"][1]["x"].as<std::string>() == "four");
  CHECK(now["list"][2].as<std::string>() == "five");
}

TEST_CASE("a place that a configuration does not have is refused by its name") {
  for (const char* place : {"", "b.c", "a.b.c", "list.3.x", "list.3", "list.-1", "list.x", "list.1x"}) {
    CAPTURE(place);
    const auto changed = with_values(kText, {{place, "1"}});
    REQUIRE_FALSE(changed);
    CHECK_THAT(changed.error().message, Catch::EndsWith(std::string("no place for ") + place));
  }
  CHECK_FALSE(with_values("a: [", {}));
}

TEST_CASE("the example configurations stay as they are but for their replaced values") {
  const std::string name = GENERATE(as<std::string>{}, "firewall-a.yaml", "firewall-b.yaml");
  std::ifstream file(std::string(RIG_CONFIGS_DIR) + "/" + name);
  const std::string example(std::istreambuf_iterator<char>(file), {});
  const auto changed = with_values(example, {{"node.management", "unix:/tmp/x/fw.sock"}});
  REQUIRE(changed);
  YAML::Node expected = YAML::Load(example);
  REQUIRE(expected["node"]["management"].as<std::string>() != "unix:/tmp/x/fw.sock");
  expected["node"]["management"] = "unix:/tmp/x/fw.sock";
  CHECK(*changed == YAML::Dump(expected) + "\n");
}

}  // namespace stillwater::rig
