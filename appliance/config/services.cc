// services: groups of kinds of traffic, and where they are named or said in place.
#include <optional>

#include <netinet/in.h>

#include "appliance/config/policy_names.h"

namespace stillwater::appliance {
namespace {

using dataplane::PortRange;
using dataplane::ServiceConfig;

using Protocol = std::optional<std::uint8_t>;

const OneOf<Protocol> kProtocols{{{"tcp", IPPROTO_TCP},
                                  {"udp", IPPROTO_UDP},
                                  {"icmp", IPPROTO_ICMP},
                                  {"icmpv6", IPPROTO_ICMPV6},
                                  {"gre", IPPROTO_GRE},
                                  {"esp", IPPROTO_ESP}}};

// As IANA names them; 0 to 255 for the others.
const OneOf<std::uint8_t> kIcmpTypes{{{"echo-reply", 0},
                                      {"destination-unreachable", 3},
                                      {"redirect", 5},
                                      {"echo-request", 8},
                                      {"time-exceeded", 11},
                                      {"parameter-problem", 12},
                                      {"timestamp-request", 13},
                                      {"timestamp-reply", 14}}};
const OneOf<std::uint8_t> kIcmp6Types{{{"destination-unreachable", 1},
                                       {"packet-too-big", 2},
                                       {"time-exceeded", 3},
                                       {"parameter-problem", 4},
                                       {"echo-request", 128},
                                       {"echo-reply", 129}}};

auto icmp_type(const OneOf<std::uint8_t>& names) {
  return [&names](const std::string& text) -> Parsed<std::uint8_t> {
    const bool is_number = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
    if (is_number) return WholeNumber<std::uint8_t>{0, 255}(text);
    const Parsed<std::uint8_t> named = names(text);
    return named ? named : tl::unexpected(named.error() + ", or a number from 0 to 255");
  };
}

template <class T, class Parse>
bool read_all(Section& section, const char* key, std::vector<T>& out, const Parse& parse) {
  for (const Value& value : section.one_or_more(key)) {
    T one{};
    if (section.read(value, key, one, parse)) out.push_back(one);
  }
  return section.has(key);
}

bool read_ports(Section& section, const char* key, bool protocol_known, const ServiceConfig& service,
                std::vector<PortRange>& ports) {
  if (!read_all(section, key, ports, parse_port_range)) return false;
  if (protocol_known && !ports.empty() && !(service.protocol && dataplane::has_ports(*service.protocol)))
    section.mistake(key,
                    std::string(key) + " without a protocol that has ports; expected protocol: tcp or udp");
  return true;
}

}  // namespace

bool read_service(Section& section, const char* ports_key, ServiceConfig& service) {
  const bool has_protocol = section.has("protocol");
  const bool known = section.optional("protocol", service.protocol, kProtocols) || !has_protocol;
  const bool has_ports = read_ports(section, ports_key, known, service, service.destination_ports);
  const bool has_sources = read_ports(section, "source_ports", known, service, service.source_ports);
  const auto& types = service.protocol == IPPROTO_ICMPV6 ? kIcmp6Types : kIcmpTypes;
  const bool has_types = read_all(section, "icmp_types", service.icmp_types, icmp_type(types));
  if (has_types && known && !(service.protocol && dataplane::has_icmp_types(*service.protocol)))
    section.mistake("icmp_types",
                    "icmp_types without a protocol that has them; expected protocol: icmp or icmpv6");
  return has_protocol || has_ports || has_sources || has_types;
}

ServiceGroups read_services(Section& root) {
  ServiceGroups groups;
  Section section = root.section("services");
  for (const std::string& group : section.names()) {
    if (const auto name = parse_group_name(group); !name) section.mistake(group, "services: " + name.error());
    for (const Value& value : section.list(group, Section::Empty::refused)) {
      Section element = section.element(value, "services " + quoted(group));
      ServiceConfig& service = groups[group].emplace_back();
      if (element.require("protocol", "one of tcp, udp, icmp, icmpv6, gre, esp"))
        read_service(element, "ports", service);
      else
        for (const char* key : {"ports", "source_ports", "icmp_types"}) (void)element.has(key);
      element.finish();
    }
  }
  section.finish();
  return groups;
}

void read_service_set(Section& section, const char* key, const ServiceGroups& groups,
                      std::vector<ServiceConfig>& services) {
  const auto parse = [&](const std::string& text) -> Parsed<std::vector<ServiceConfig>> {
    if (const auto group = groups.find(text); group != groups.end()) return group->second;
    return not_as_expected(
        text, "no group of services",
        groups.empty() ? "protocol and ports here: there are no groups" : "one of " + list_of_names(groups));
  };
  for (const Value& value : section.one_or_more(key)) {
    std::vector<ServiceConfig> named;
    if (section.read(value, key, named, parse)) services.insert(services.end(), named.begin(), named.end());
  }
}

}  // namespace stillwater::appliance
