#include <algorithm>

#include "appliance/config/device.h"
#include "appliance/config/sections.h"

namespace stillwater::appliance {
namespace {

using dataplane::Ipv4Prefix;
using dataplane::PortConfig;

constexpr std::size_t kPortsMax = 32;  // DPDK's own limit as Debian builds it

bool overlap(const Ipv4Prefix& a, const Ipv4Prefix& b) {
  return a.length <= b.length ? a.contains(b.address) : b.contains(a.address);
}

// Empty when `address` may join port `own`, given the ports read so far and the port's earlier addresses.
std::string conflict(const Ipv4Prefix& address, const PortConfig& own,
                     const std::vector<PortConfig>& others) {
  for (const Ipv4Prefix& earlier : own.addresses) {
    if (earlier.address == address.address) return to_text(address) + " is repeated; expected it once";
  }
  for (const PortConfig& other : others) {
    for (const Ipv4Prefix& taken : other.addresses) {
      if (overlap(address, taken)) {
        return to_text(address) + " overlaps " + to_text(taken) + " of port " + quoted(other.name) +
               "; expected subnets that share no address";
      }
    }
  }
  return "";
}

bool read_addresses(Section& section, PortConfig& port, const std::vector<PortConfig>& others) {
  if (!section.require("addresses", "a list such as [10.0.1.1/24]")) return false;
  const std::vector<Value> values = section.list("addresses", Section::Empty::refused);
  for (const Value& value : values) {
    Ipv4Prefix address;
    if (!section.read(value, "addresses", address, parse_interface)) continue;
    const std::string problem = conflict(address, port, others);
    if (!problem.empty()) section.mistake(value, problem);
    port.addresses.push_back(address);
  }
  return !values.empty() && values.size() == port.addresses.size();
}

// DPDK knows a device by what stands before the first comma, and the host an interface by its name: either
// twice would make two ports one.
void unique_device(Section& section, const PortConfig& port, const std::vector<PortConfig>& others) {
  const auto interface = argument_of(port.device, "iface");
  for (const PortConfig& other : others) {
    if (name_of_device(other.device) == name_of_device(port.device))
      return section.mistake("device", "device " + quoted(name_of_device(port.device)) +
                                           " is taken by port " + quoted(other.name) +
                                           "; expected another number behind its name");
    if (interface && argument_of(other.device, "iface") == interface)
      return section.mistake("device", quoted("iface=" + *interface) + " is taken by port " +
                                           quoted(other.name) + "; expected each interface once");
  }
}

// Reports a value that an earlier port has too.
void unique(Section& section, const char* key, const std::string PortConfig::*field, const PortConfig& port,
            const std::vector<PortConfig>& others) {
  const bool taken = std::any_of(others.begin(), others.end(),
                                 [&](const PortConfig& other) { return other.*field == port.*field; });
  if (taken)
    section.mistake(key, std::string(key) + ' ' + quoted(port.*field) + " is taken; expected it once");
}

PortConfig read_port(Section& section, KnownPorts& known, const std::vector<PortConfig>& others) {
  PortConfig port;
  const WholeNumber<std::uint16_t> descriptors{32, 4096};
  if (section.required("name", port.name, Name{15})) {
    unique(section, "name", &PortConfig::name, port, others);
    known.names.push_back(port.name);
  } else {
    known.names_complete = false;
  }
  if (section.required("device", port.device, parse_text)) {
    unique_device(section, port, others);
  }
  section.required("mac", port.mac, parse_mac);
  if (!read_addresses(section, port, others)) known.subnets_complete = false;
  section.optional("mtu", port.mtu, WholeNumber<std::uint16_t>{576, 9600});
  section.optional("rx_descriptors", port.rx_descriptors, descriptors);
  section.optional("tx_descriptors", port.tx_descriptors, descriptors);
  section.finish();
  return port;
}

}  // namespace

KnownPorts read_ports(Section& root, Config& config) {
  KnownPorts known;
  std::vector<PortConfig>& ports = config.dataplane.ports;
  root.require("ports", "a list of ports");
  for (const Value& value : root.list("ports", Section::Empty::refused)) {
    Section section = root.element(value, "port");
    ports.push_back(read_port(section, known, ports));
  }
  if (ports.empty()) known.names_complete = known.subnets_complete = false;
  if (ports.size() > kPortsMax) {
    root.mistake("ports", "too many ports; expected at most " + std::to_string(kPortsMax));
  }
  return known;
}

}  // namespace stillwater::appliance
