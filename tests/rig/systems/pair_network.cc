#include "tests/rig/systems/pair_network.h"

namespace stillwater::rig {
namespace {

// The far end of a link into one of the bridges.
LinkEnd bridge_port(const std::string& bridge, const std::string& side, const std::string& space) {
  return {.space = "net", .name = side + "-" + space, .bridge = bridge};
}

LinkEnd data_port(const std::string& space, const std::string& name) {
  return {.space = space, .name = name, .arp = false};
}

LinkEnd own_port(const std::string& space, const std::string& name, const std::string& address) {
  return {.space = space, .name = name, .address = address + "/24"};
}

}  // namespace

Plan pair_network(DataPorts ports) {
  LinkEnd active_in = data_port("active", "in0");
  LinkEnd active_out = data_port("active", "out0");
  LinkEnd standby_in = data_port("standby", "in0");
  LinkEnd standby_out = data_port("standby", "out0");
  Plan plan;
  plan.spaces = {"net", "client", "server", "active", "standby"};
  // New connections at a high rate leave thousands of ports in TIME_WAIT.
  plan.settings = {{"client", "net/ipv4/ip_local_port_range", "10000 65000"}};
  if (ports == DataPorts::of_the_kernel) {
    active_in = {
        .space = "active", .name = "in0", .address = std::string(kInsideAddress) + "/24", .mac = kInsideMac};
    active_out = {.space = "active",
                  .name = "out0",
                  .address = std::string(kOutsideAddress) + "/24",
                  .mac = kOutsideMac};
    plan.settings.push_back({"active", "net/ipv4/ip_forward", "1"});
    plan.routes.push_back({"server", "10.80.1.0/24", kOutsideAddress});
  }
  if (ports == DataPorts::of_both_kernels) {
    active_in = own_port("active", "in0", "10.80.1.11");
    active_out = own_port("active", "out0", "10.80.2.11");
    standby_in = own_port("standby", "in0", "10.80.1.12");
    standby_out = own_port("standby", "out0", "10.80.2.12");
    for (const char* space : {"active", "standby"}) {
      plan.settings.push_back({space, "net/ipv4/ip_forward", "1"});
    }
  }
  plan.bridges = {{"net", "br-in"}, {"net", "br-out"}};
  plan.links = {
      {{.space = "client", .name = "eth0", .address = "10.80.1.2/24"}, bridge_port("br-in", "in", "client")},
      {{.space = "server", .name = "eth0", .address = "10.80.2.2/24"},
       bridge_port("br-out", "out", "server")},
      {active_in, bridge_port("br-in", "in", "active")},
      {active_out, bridge_port("br-out", "out", "active")},
      // Before the standby's other ports: the kernel delays the news of a lost carrier by up to a second
      // where both ends of a veth pair happen to have the same interface index.
      {{.space = "active", .name = "repl0", .address = "10.80.3.1/24"},
       {.space = "standby", .name = "repl0", .address = "10.80.3.2/24"}},
      {{.space = "active", .name = "repl1", .address = "10.80.6.1/24"},
       {.space = "standby", .name = "repl1", .address = "10.80.6.2/24"}},
      {standby_in, bridge_port("br-in", "in", "standby")},
      {standby_out, bridge_port("br-out", "out", "standby")},
  };
  plan.routes.push_back({"client", "default", kInsideAddress});
  return plan;
}

Plan with_witness(Plan plan) {
  plan.spaces.emplace_back("witness");
  plan.links.push_back({{.space = "active", .name = "wit0", .address = "10.80.4.2/24"},
                        {.space = "witness", .name = "active", .address = "10.80.4.1/24"}});
  plan.links.push_back({{.space = "standby", .name = "wit0", .address = "10.80.5.2/24"},
                        {.space = "witness", .name = "standby", .address = "10.80.5.1/24"}});
  return plan;
}

}  // namespace stillwater::rig
