#include "tests/e2e/router_pair.h"

#include <catch2/catch.hpp>

#include "tests/rig/process/command.h"

namespace stillwater::e2e {
namespace {

// The firewall's example made a router of both families: no rules, no translation, no default route.
std::string as_router(std::string text) {
  const std::size_t rules = text.find("rules:");
  const std::size_t timeouts = text.find("timeouts:");
  REQUIRE(rules != std::string::npos);
  REQUIRE(timeouts != std::string::npos);
  text.erase(rules, timeouts - rules);
  text = replaced(std::move(text), "function: firewall", "function: router");
  text = replaced(std::move(text), "memory: 256MiB", "memory: 512MiB");
  text = replaced(std::move(text), "to: 0.0.0.0/0", "to: 203.0.113.0/24");
  text = replaced(std::move(text), "[10.80.1.1/24]", "[10.80.1.1/24, \"2001:db8:1::1/64\"]");
  text = replaced(std::move(text), "[10.80.2.1/24]", "[10.80.2.1/24, \"2001:db8:2::1/64\"]");
  return text;
}

// Client and server have IPv6, and the server a way back.
rig::Plan network_of_routers() {
  rig::Plan plan = network_of_a_pair();
  for (const char* space : {"client", "server"})
    plan.settings.push_back({space, "net/ipv6/conf/default/disable_ipv6", "0"});
  plan.routes.push_back({"server", "10.80.1.0/24", "10.80.2.1"});
  return plan;
}

}  // namespace

RouterPair::RouterPair(const std::string& name)
    : PairFixture(name, as_router, as_router, network_of_routers()) {
  for (const auto& [space, net] : {std::pair{"client", "1"}, std::pair{"server", "2"}}) {
    const std::string subnet = std::string("2001:db8:") + net;
    must_say(space, {"ip", "address", "add", subnet + "::2/64", "dev", "eth0", "nodad"});
    must_say(space, {"ip", "-6", "route", "add", "default", "via", subnet + "::1"});
  }
}

std::string RouterPair::must_say(const char* space, const std::vector<std::string>& argv, Nanos limit) const {
  const auto said = rig::run_command_in(network.space(space).fd(), argv, limit);
  INFO(argv[0] << " in " << space);
  REQUIRE(said.has_value());
  INFO(said->out << said->err);
  REQUIRE(said->exit_status == 0);
  return said->out;
}

rig::Child RouterPair::serve(const std::vector<std::string>& argv) const {
  auto child = rig::Child::start(argv, network.space("server").fd(), where.out + "/" + argv[0] + ".log");
  REQUIRE(child.has_value());
  return std::move(*child);
}

}  // namespace stillwater::e2e
