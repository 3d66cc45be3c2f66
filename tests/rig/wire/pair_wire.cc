#include "tests/rig/wire/pair_wire.h"

#include "tests/rig/systems/pair_network.h"
#include "tests/rig/wire/wire_watch.h"

namespace stillwater::rig {
namespace {

Service service(const char* bridge, const char* address, const char* mac, VirtualMac kind) {
  Service made{bridge, parse_ipv4(address).value(), std::nullopt};
  if (kind == VirtualMac::of_the_pair) made.mac = parse_mac(mac).value();
  return made;
}

}  // namespace

WireSubject pair_wire(const Plan& plan, VirtualMac mac, std::uint16_t probe_port) {
  return {.ports = watched_ports(plan, "net", {"active", "standby"}),
          .services = {service("br-in", kInsideAddress, kInsideMac, mac),
                       service("br-out", kOutsideAddress, kOutsideMac, mac)},
          .streams = {{.enters = "br-in", .destination_port = probe_port}}};
}

}  // namespace stillwater::rig
