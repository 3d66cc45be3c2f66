#include <algorithm>

#include "appliance/config/device.h"
#include "appliance/config/sections.h"

namespace stillwater::appliance {
namespace {

using dataplane::Ipv4Prefix;
using dataplane::PortConfig;

constexpr std::size_t kDevicesMax = 32;  // DPDK's own limit as Debian builds it
constexpr std::size_t kPortsMax = 250;   // a session's record has an octet for each of its two
constexpr std::uint16_t kMtuMin6 = 1280;

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

std::string conflict6(const IpPrefix& address, const PortConfig& own, const std::vector<PortConfig>& others) {
  if (std::ranges::find(own.addresses6, address.address, &IpPrefix::address) != own.addresses6.end())
    return to_text(address) + " is repeated; expected it once";
  for (const PortConfig& other : others)
    for (const IpPrefix& taken : other.addresses6)
      if (address.length <= taken.length ? address.contains(taken.address) : taken.contains(address.address))
        return to_text(address) + " overlaps " + to_text(taken) + " of port " + quoted(other.name) +
               "; expected subnets that share no address";
  return "";
}

template <class Address, class Parse, class Conflict>
bool read_address(Section& section, const Value& value, std::vector<Address>& into, const Parse& parse,
                  const Conflict& conflict_with) {
  Address address;
  if (!section.read(value, "addresses", address, parse)) return false;
  if (const std::string problem = conflict_with(address); !problem.empty()) section.mistake(value, problem);
  into.push_back(address);
  return true;
}

bool read_addresses(Section& section, PortConfig& port, const std::vector<PortConfig>& others,
                    bool is_router) {
  if (!section.require("addresses", "a list such as [10.0.1.1/24]")) return false;
  const auto empty = is_router ? Section::Empty::allowed : Section::Empty::refused;
  const std::vector<Value> values = section.list("addresses", empty);
  bool complete = is_router || !values.empty();
  for (const Value& value : values) {
    const bool is_v6 = value.node.IsScalar() && is_ipv6_text(value.node.Scalar());
    complete = (is_v6 ? read_address(section, value, port.addresses6, parse_interface6,
                                     [&](const IpPrefix& it) { return conflict6(it, port, others); })
                      : read_address(section, value, port.addresses, parse_interface,
                                     [&](const Ipv4Prefix& it) { return conflict(it, port, others); })) &&
               complete;
  }
  return complete;
}

// DPDK knows a device by what stands before the first comma, and the host an interface by its name: either
// twice would make two ports one.
void unique_device(Section& section, const PortConfig& port, const std::vector<PortConfig>& others) {
  const auto interface = argument_of(port.device, "iface");
  for (const PortConfig& other : others) {
    if (!other.parent.empty()) continue;
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

// A VLAN has its parent's device, and its MAC and MTU unless it says others.
void read_vlan(Section& section, PortConfig& port, const std::vector<PortConfig>& others) {
  if (section.has("device"))
    section.mistake("device",
                    "a VLAN has the device of its parent; expected 'device', or 'parent' and 'vlan'");
  const bool has_parent = section.required("parent", port.parent, parse_text);
  const bool has_id = section.required("vlan", port.vlan, WholeNumber<std::uint16_t>{1, 4094});
  if (!has_parent) return;
  const auto parent = std::ranges::find(others, port.parent, &PortConfig::name);
  if (parent == others.end() || !parent->parent.empty())
    return section.mistake(
        "parent", quoted(port.parent) + " is no port above this one that has a device; expected such a port");
  port.mac = parent->mac;
  port.mtu = parent->mtu;
  const bool taken = has_id && std::ranges::any_of(others, [&](const PortConfig& other) {
                       return other.parent == port.parent && other.vlan == port.vlan;
                     });
  if (taken)
    section.mistake("vlan", "this VLAN of " + quoted(port.parent) + " is taken; expected each id once");
}

PortConfig read_port(Section& section, KnownPorts& known, const std::vector<PortConfig>& others,
                     bool is_router) {
  PortConfig port;
  const WholeNumber<std::uint16_t> descriptors{32, 4096};
  if (section.required("name", port.name, Name{15})) {
    unique(section, "name", &PortConfig::name, port, others);
    known.names.push_back(port.name);
  } else {
    known.names_complete = false;
  }
  if (section.has("parent") || section.has("vlan"))
    read_vlan(section, port, others);
  else if (section.required("device", port.device, parse_text))
    unique_device(section, port, others);
  if (section.has("mac") || port.parent.empty()) section.required("mac", port.mac, parse_mac);
  if (!read_addresses(section, port, others, is_router)) known.subnets_complete = false;
  section.optional("mtu", port.mtu, WholeNumber<std::uint16_t>{576, 9600});
  if (!port.addresses6.empty() && port.mtu < kMtuMin6)
    section.mistake("mtu", "mtu is too small for IPv6; expected 1280 at least (RFC 8200 section 5)");
  section.optional("rx_descriptors", port.rx_descriptors, descriptors);
  section.optional("tx_descriptors", port.tx_descriptors, descriptors);
  section.finish();
  return port;
}

}  // namespace

KnownPorts read_ports(Section& root, Config& config) {
  KnownPorts known;
  std::vector<PortConfig>& ports = config.dataplane.ports;
  const bool is_router = config.dataplane.function == dataplane::Function::router;
  root.require("ports", "a list of ports");
  for (const Value& value : root.list("ports", Section::Empty::refused)) {
    Section section = root.element(value, "port");
    ports.push_back(read_port(section, known, ports, is_router));
  }
  if (ports.empty()) known.names_complete = known.subnets_complete = false;
  const auto devices = std::ranges::count(ports, std::string(), &PortConfig::parent);
  if (static_cast<std::size_t>(devices) > kDevicesMax || ports.size() > kPortsMax)
    root.mistake("ports", "too many ports; expected at most " + std::to_string(kDevicesMax) +
                              " with a device, and " + std::to_string(kPortsMax) + " with their VLANs");
  return known;
}

}  // namespace stillwater::appliance
