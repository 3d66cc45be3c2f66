// rules, source_nat: what the firewall is told.
#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include <netinet/in.h>

#include "appliance/config/sections.h"

namespace stillwater::appliance {
namespace {

using dataplane::PortConfig;

void read_port_name(Section& section, const char* key, const KnownPorts& known, std::string& name) {
  section.optional(key, name, [&](const std::string& text) -> Parsed<std::string> {
    const auto& names = known.names;
    if (!text.empty() && !known.names_complete) return text;
    if (std::find(names.begin(), names.end(), text) != names.end()) return text;
    std::string all;
    for (const std::string& n : names) all += (all.empty() ? "" : ", ") + n;
    return not_as_expected(text, "no port", "one of " + all);
  });
}

// A router has neither rules nor translation: it would forward what a rule seems to deny.
bool is_for_firewall(Section& root, const char* key, const Config& config) {
  if (config.dataplane.function == dataplane::Function::firewall) return true;
  if (root.has(key))
    root.mistake(
        key, std::string(key) + " with 'function: router', which has none; expected 'function: firewall'");
  return false;
}

// Reports an address that source NAT cannot use on the port that it leaves through.
void check_nat_address(Section& section, const dataplane::SourceNatConfig& nat, const Config& config) {
  for (const PortConfig& port : config.dataplane.ports) {
    if (port.name != nat.to) continue;
    const auto& own = port.addresses;
    if (std::any_of(own.begin(), own.end(), [&](const auto& a) { return is_host_of(a, nat.address); }))
      return;
    section.mistake("address", to_text(nat.address) + " is no address of port " + quoted(nat.to) +
                                   "; expected a host of one of its subnets");
  }
}

}  // namespace

void read_rules(Section& root, const KnownPorts& known, Config& config) {
  using dataplane::RuleAction;
  const OneOf<RuleAction> action{{{"allow", RuleAction::allow}, {"deny", RuleAction::deny}}};
  const OneOf<std::optional<std::uint8_t>> protocol{{{"tcp", IPPROTO_TCP},
                                                     {"udp", IPPROTO_UDP},
                                                     {"icmp", IPPROTO_ICMP},
                                                     {"gre", IPPROTO_GRE},
                                                     {"esp", IPPROTO_ESP}}};
  const WholeNumber<std::uint32_t> id{1, std::numeric_limits<std::uint32_t>::max() - 1};
  std::set<std::uint32_t> seen;

  if (!is_for_firewall(root, "rules", config)) return;
  root.require("rules", "a list of rules; [] denies everything");
  for (const Value& value : root.list("rules")) {
    Section section = root.element(value, "rule");
    dataplane::RuleConfig rule;
    if (section.required("id", rule.id, id) && !seen.insert(rule.id).second) {
      section.mistake("id", "rule " + std::to_string(rule.id) + " is repeated; expected each id once");
    }
    section.required("action", rule.action, action);
    read_port_name(section, "from", known, rule.from);
    read_port_name(section, "to", known, rule.to);
    const bool protocol_known =
        section.optional("protocol", rule.protocol, protocol) || !section.has("protocol");
    section.optional("source", rule.source, parse_network);
    section.optional("destination", rule.destination, parse_network);
    const bool has_ports = section.optional("destination_ports", rule.destination_ports, parse_port_range);
    if (has_ports && protocol_known && rule.protocol != IPPROTO_TCP && rule.protocol != IPPROTO_UDP) {
      section.mistake("destination_ports",
                      "destination_ports without a protocol that has ports; expected protocol: tcp or udp");
    }
    section.finish();
    config.dataplane.rules.push_back(rule);
  }
}

// Whether every worker's share has a port of the range.
bool reaches_all(const dataplane::PortRange& range, const Config& config) {
  using dataplane::kNatPortBlock;
  return range.last / kNatPortBlock - range.first / kNatPortBlock + 1u >= config.dataplane.workers;
}

void read_source_nat(Section& root, const KnownPorts& known, Config& config) {
  if (!is_for_firewall(root, "source_nat", config)) return;
  std::set<std::pair<std::string, std::string>> seen;
  for (const Value& value : root.list("source_nat")) {
    Section section = root.element(value, "source_nat entry");
    dataplane::SourceNatConfig nat;
    read_port_name(section, "from", known, nat.from);
    if (section.require("to", "the port that sessions leave through")) {
      read_port_name(section, "to", known, nat.to);
      if (!nat.to.empty() && !seen.emplace(nat.from, nat.to).second) {
        section.mistake("to", "this pair of ports is translated above; expected one entry for it");
      }
    }
    if (section.required("address", nat.address, parse_ipv4) && known.subnets_complete) {
      check_nat_address(section, nat, config);
    }
    if (section.optional("ports", nat.ports, parse_port_range) && !reaches_all(nat.ports, config))
      section.mistake("ports", "too few ports for " + std::to_string(config.dataplane.workers) +
                                   " workers, which share them in blocks of 64; expected a wider range");
    section.finish();
    config.dataplane.source_nat.push_back(nat);
  }
}

}  // namespace stillwater::appliance
