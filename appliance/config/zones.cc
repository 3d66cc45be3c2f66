// zones: names for sets of ports, and where they are named.
#include <algorithm>
#include <cctype>

#include "appliance/config/policy_names.h"

namespace stillwater::appliance {
namespace {

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string list_of(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

// Where the list of ports is incomplete any name may be one.
bool is_port(const KnownPorts& known, const std::string& name) {
  return has(known.names, name) || (!name.empty() && !known.names_complete);
}

auto port_name(const KnownPorts& known) {
  return [&known](const std::string& text) -> Parsed<std::string> {
    if (is_port(known, text)) return text;
    return not_as_expected(text, "no port", "one of " + list_of(known.names));
  };
}

void add_once(const std::vector<std::string>& names, std::vector<std::string>& all) {
  for (const std::string& name : names)
    if (!has(all, name)) all.push_back(name);
}

}  // namespace

Parsed<std::string> parse_group_name(const std::string& text) {
  const Parsed<std::string> name = Name{63}(text);
  if (!name || std::isalpha(static_cast<unsigned char>(text.front())) != 0) return name;
  return not_as_expected(text, "no name of a group", "a letter at its beginning");
}

Zones read_zones(Section& root, const KnownPorts& known) {
  Zones zones;
  std::map<std::string, std::string> zone_of;
  Section section = root.section("zones");
  for (const std::string& zone : section.names()) {
    if (const auto name = parse_group_name(zone); !name) section.mistake(zone, "zones: " + name.error());
    if (has(known.names, zone))
      section.mistake(zone, "zone " + quoted(zone) + " has the name of a port; expected another name");
    std::vector<std::string>& ports = zones[zone];
    for (const Value& value : section.list(zone, Section::Empty::refused)) {
      std::string port;
      if (!section.read(value, "zone " + quoted(zone), port, port_name(known))) continue;
      const auto [first, is_new] = zone_of.emplace(port, zone);
      if (is_new)
        ports.push_back(port);
      else
        section.mistake(value, "port " + quoted(port) + " is in zone " + quoted(first->second) +
                                   " already; expected it in one zone, once");
    }
  }
  section.finish();
  return zones;
}

void read_port_set(Section& section, const char* key, const KnownPorts& known, const Zones& zones,
                   std::vector<std::string>& ports) {
  const auto parse = [&](const std::string& text) -> Parsed<std::vector<std::string>> {
    if (const auto zone = zones.find(text); zone != zones.end()) return zone->second;
    if (is_port(known, text)) return std::vector<std::string>{text};
    if (zones.empty()) return not_as_expected(text, "no port", "one of " + list_of(known.names));
    return not_as_expected(text, "no port or zone",
                           "one of " + list_of(known.names) + ", " + list_of_names(zones));
  };
  for (const Value& value : section.one_or_more(key)) {
    std::vector<std::string> named;
    if (section.read(value, key, named, parse)) add_once(named, ports);
  }
}

}  // namespace stillwater::appliance
