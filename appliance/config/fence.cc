// replication.fence: what keeps a node that was frozen from sending late, and which ports allow it.
#include <algorithm>

#include "appliance/config/device.h"
#include "appliance/config/sections.h"

namespace stillwater::appliance {
namespace {

constexpr const char* kDriver = "net_af_packet";
constexpr const char* kBypass = "qdisc_bypass";

// Why tc does not see what the port sends; empty: it does.
std::string unfenced_because(const std::string& device) {
  const std::string expected = "; expected net_af_packetN,iface=INTERFACE, or 'fence: none'";
  if (is_of_driver(device, "net_af_xdp")) return "passes by tc, where the fence is" + expected;
  if (!is_of_driver(device, kDriver))
    return "leaves through no interface of the kernel, where the fence is" + expected;
  if (argument_of(device, kBypass).value_or("0") != "0")
    return "passes by tc, where the fence is; expected qdisc_bypass=0 in 'device', or no word of it there";
  if (!argument_of(device, "iface"))
    return "leaves through an interface that 'device' does not name" + expected;
  return "";
}

}  // namespace

// The driver bypasses tc unless it is told not to.
void read_fence(Section& replication, Config& config) {
  const OneOf<FenceKind> kind{{{"none", FenceKind::none}, {"ebpf", FenceKind::ebpf}}};
  replication.optional("fence", config.replication.fence, kind);
  if (config.replication.fence != FenceKind::ebpf) return;
  for (dataplane::PortConfig& port : config.dataplane.ports) {
    if (port.device.empty()) continue;  // a VLAN sends through its parent
    if (const std::string why = unfenced_because(port.device); !why.empty())
      replication.mistake("fence", "port " + quoted(port.name) + ": what " +
                                       quoted(name_of_device(port.device)) + " sends " + why);
    else if (!argument_of(port.device, kBypass))
      port.device += std::string(",") + kBypass + "=0";
  }
}

std::optional<std::string> interface_of_port(const dataplane::PortConfig& port) {
  return is_of_driver(port.device, kDriver) ? argument_of(port.device, "iface") : std::nullopt;
}

std::vector<std::string> interfaces_of_ports(const Config& config) {
  std::vector<std::string> interfaces;
  for (const dataplane::PortConfig& port : config.dataplane.ports)
    if (auto interface = interface_of_port(port)) interfaces.push_back(std::move(*interface));
  return interfaces;
}

}  // namespace stillwater::appliance
