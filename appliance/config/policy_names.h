// What the rules of a firewall call by name: zones of ports, groups of addresses, groups of services.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "appliance/config/checked_node.h"
#include "appliance/config/sections.h"
#include "dataplane/config.h"

namespace stillwater::appliance {

template <class T>
using Groups = std::map<std::string, std::vector<T>>;

using AddressGroups = Groups<IpPrefix>;
using ServiceGroups = Groups<dataplane::ServiceConfig>;

struct PolicyNames {
  Zones zones;
  AddressGroups addresses;
  ServiceGroups services;
};

[[nodiscard]] Zones read_zones(Section& root, const KnownPorts& known);
[[nodiscard]] AddressGroups read_addresses(Section& root);
[[nodiscard]] ServiceGroups read_services(Section& root);

// Prefixes, hosts and groups of both families, one or a list of them, each once and in order.
void read_address_set(Section& section, const char* key, const AddressGroups& groups,
                      std::vector<IpPrefix>& prefixes);
// Groups of services, one or a list of them.
void read_service_set(Section& section, const char* key, const ServiceGroups& groups,
                      std::vector<dataplane::ServiceConfig>& services);
// The keys protocol, `ports_key`, source_ports and icmp_types. False: none of them is there.
bool read_service(Section& section, const char* ports_key, dataplane::ServiceConfig& service);

// A name that cannot be taken for an address: it begins with a letter.
[[nodiscard]] Parsed<std::string> parse_group_name(const std::string& text);

// "a, b, c" of the names of a map.
template <class Map>
[[nodiscard]] std::string list_of_names(const Map& map) {
  std::string all;
  for (const auto& [name, value] : map) all += (all.empty() ? "" : ", ") + name;
  return all;
}

}  // namespace stillwater::appliance
