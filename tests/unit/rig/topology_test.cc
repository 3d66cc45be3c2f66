// Whatever happens while the network is built, nothing of it stays. These need root.
#include "tests/rig/topology/topology.h"

#include <filesystem>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "tests/rig/process/command.h"
#include "tests/rig/topology/flooding.h"

namespace stillwater::rig {
namespace {

bool can_run() {
  const bool able = geteuid() == 0 && is_in_path("ip") && is_in_path("ethtool");
  if (!able) WARN("skipped: needs root, ip and ethtool");
  return able;
}

std::vector<std::string> spaces_of(const std::string& prefix) {
  std::vector<std::string> found;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/run/netns", none)) {
    const std::string name = entry.path().filename();
    if (name.starts_with(prefix + "-")) found.push_back(name);
  }
  return found;
}

std::string root_links() {
  return run_command({"ip", "-o", "link"}).map([](const CommandOutput& it) { return it.out; }).value();
}

Plan small_plan() {
  Plan plan;
  plan.spaces = {"a", "b"};
  plan.bridges = {{"b", "br0"}};
  plan.links = {{{.space = "a", .name = "x0", .address = "10.9.0.1/24"},
                 {.space = "b", .name = "y0", .bridge = "br0", .arp = false}}};
  plan.routes = {{"a", "default", "10.9.0.2"}};
  return plan;
}

}  // namespace

TEST_CASE("a network that was built is gone with its owner, and the root namespace never saw it") {
  if (!can_run()) return;
  const std::string prefix = own_prefix() + "t";
  const std::string before = root_links();
  {
    const auto topology = Topology::build(small_plan(), prefix);
    REQUIRE(topology);
    CHECK(spaces_of(prefix).size() == 2);
    CHECK(root_links() == before);
    const auto link = run_command({"ip", "-n", topology->space("b").name(), "-o", "link", "show", "y0"});
    REQUIRE(link);
    CHECK(link->out.find("NOARP") != std::string::npos);
    CHECK(link->out.find("master br0") != std::string::npos);
    CHECK(link->out.find("LOWER_UP") != std::string::npos);
  }
  CHECK(spaces_of(prefix).empty());
  CHECK(root_links() == before);
}

TEST_CASE("bridges flood while they are told to, and learn again") {
  if (!can_run()) return;
  const auto topology = Topology::build(small_plan(), own_prefix() + "t");
  REQUIRE(topology);
  for (const bool flooding : {true, false}) {
    REQUIRE(set_flooding(small_plan(), *topology, flooding));
    const auto port =
        run_command({"ip", "-d", "-n", topology->space("b").name(), "-o", "link", "show", "y0"});
    REQUIRE(port);
    CHECK(port->out.find(flooding ? " learning off " : " learning on ") != std::string::npos);
    CHECK(port->out.find(" flood on ") != std::string::npos);
  }
}

TEST_CASE("a step that fails takes everything before it away") {
  if (!can_run()) return;
  const std::string prefix = own_prefix() + "t";
  Plan plan = small_plan();
  SECTION("a namespace twice") { plan.spaces.push_back("a"); }
  SECTION("a kernel setting that does not exist") { plan.settings = {{"a", "net/ipv4/no_such_thing", "1"}}; }
  SECTION("a bridge twice") { plan.bridges.push_back(plan.bridges.front()); }
  SECTION("a link whose name is taken") { plan.links.push_back(plan.links.front()); }
  SECTION("an address that is none") { plan.links.front().a.address = "10.9.0.300/24"; }
  SECTION("a bridge that does not exist") { plan.links.front().b.bridge = "br7"; }
  SECTION("a route to nowhere") { plan.routes = {{"a", "default", "192.0.2.1"}}; }
  const auto topology = Topology::build(plan, prefix);
  REQUIRE_FALSE(topology);
  CHECK_FALSE(topology.error().message.empty());
  CHECK(spaces_of(prefix).empty());
}

TEST_CASE("a namespace that is there already is not taken over, nor deleted") {
  if (!can_run()) return;
  const std::string prefix = own_prefix() + "t";
  auto foreign = Space::create(prefix + "-b");
  REQUIRE(foreign);
  REQUIRE_FALSE(Topology::build(small_plan(), prefix));
  CHECK(spaces_of(prefix) == std::vector<std::string>{prefix + "-b"});
}

}  // namespace stillwater::rig
