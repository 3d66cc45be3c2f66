#include "dataplane/control/links.h"

#include <algorithm>
#include <map>
#include <string>

#include <rte_byteorder.h>

#include "dataplane/datapath/nat/nat_tables.h"
#include "dataplane/names.h"

namespace stillwater::dataplane {
namespace {

using Kind = Adjacency::Kind;
static_assert(Kind::local < Kind::broadcast && Kind::broadcast < Kind::connected, "the lower one wins");

IpPrefix prefix4(std::uint32_t address, std::uint8_t length) {
  return {IpAddress::v4(rte_cpu_to_be_32(address)), length};
}

// Where addresses of NAT are, each port once.
std::map<std::string, const char*> nat_ports_of(const Config& config) {
  std::map<std::string, const char*> ports;
  const auto note = [&](const std::vector<std::string>& names, const char* what) {
    for (const std::string& name : names) ports.emplace(name, what);
  };
  for (const SourceNatConfig& nat : config.source_nat) note(nat.to, "source NAT");
  for (const DestinationNatConfig& nat : config.destination_nat) note(nat.from, "a port forward");
  for (const StaticNatConfig& nat : config.static_nat) note(nat.at, "1:1 NAT");
  return ports;
}

}  // namespace

void Links::offer(const IpPrefix& prefix, const Adjacency& adjacency) {
  const auto [known, is_new] = prefixes_.try_emplace(prefix, adjacency);
  if (!is_new && adjacency.kind < known->second.kind) known->second = adjacency;
  auto& lengths = prefix.is_v4() ? lengths4_ : lengths6_;
  const auto place = std::lower_bound(lengths.begin(), lengths.end(), prefix.length, std::greater<>());
  if (place == lengths.end() || *place != prefix.length) lengths.insert(place, prefix.length);
}

void Links::add_subnet4(PortIndex port, const Ipv4Prefix& own) {
  const std::uint32_t network = own.address & own.mask();
  offer(prefix4(network, own.length), {Kind::connected, port, {}});
  if (own.length < 31)
    for (const std::uint32_t edge : {network, network | ~own.mask()})
      offer(prefix4(edge, 32), {Kind::broadcast, port, {}});
  offer(prefix4(own.address, 32), {Kind::local, port, {}});
}

void Links::add_subnet6(PortIndex port, const IpPrefix& own) {
  offer(own.network(), {Kind::connected, port, {}});
  offer({own.address, 128}, {Kind::local, port, {}});
}

Result<Links> Links::build(const Config& config) {
  Links links;
  for (PortIndex port = 0; port < config.ports.size(); ++port) {
    links.ports_.emplace(config.ports[port].name, port);
    for (const Ipv4Prefix& own : config.ports[port].addresses) links.add_subnet4(port, own);
    for (const IpPrefix& own : config.ports[port].addresses6) links.add_subnet6(port, own);
  }
  for (const auto& [name, what] : nat_ports_of(config)) {
    const auto port = links.ports_.find(name);
    if (port == links.ports_.end())
      return fail(Errc::invalid_argument,
                  std::string(what) + " through port '" + name + "', which is not there");
    for (const Ipv4Prefix& prefix : nat_addresses_at(config, name))
      links.offer(prefix4(prefix.address & prefix.mask(), prefix.length), {Kind::local, port->second, {}});
  }
  return links;
}

const Adjacency* Links::longest_match(const IpAddress& address) const {
  for (const std::uint8_t length : address.is_v4() ? lengths4_ : lengths6_) {
    const auto found = prefixes_.find(IpPrefix{address, length}.network());
    if (found != prefixes_.end()) return &found->second;
  }
  return nullptr;
}

Result<Adjacency> Links::resolve(const NextHop& next_hop) const {
  const auto wrong = [&](const std::string& why) {
    return fail(Errc::invalid_argument, "next hop " + to_text(next_hop.via) + " " + why);
  };
  auto port = ports_.end();
  if (!next_hop.port.empty() && (port = ports_.find(next_hop.port)) == ports_.end())
    return wrong("is on port '" + next_hop.port + "', which is not there");
  if (next_hop.via.is_link_local()) {
    if (port == ports_.end()) return wrong("is link-local; expected the name of its port");
    return Adjacency{Kind::via, port->second, next_hop.via};
  }
  const Adjacency* link = longest_match(next_hop.via);
  if (link == nullptr || link->kind != Kind::connected) return wrong("is on the link of no port");
  if (port != ports_.end() && port->second != link->port)
    return wrong("is not on the link of port '" + next_hop.port + "'");
  return Adjacency{Kind::via, link->port, next_hop.via};
}

}  // namespace stillwater::dataplane
