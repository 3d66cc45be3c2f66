// rules: what the firewall is told.
#include <algorithm>
#include <limits>
#include <set>

#include <netinet/in.h>

#include "appliance/config/sections.h"

namespace stillwater::appliance {

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

bool is_for_firewall(Section& root, const char* key, const Config& config) {
  if (config.dataplane.function == dataplane::Function::firewall) return true;
  if (root.has(key))
    root.mistake(
        key, std::string(key) + " with 'function: router', which has none; expected 'function: firewall'");
  return false;
}

void read_rules(Section& root, const KnownPorts& known, Config& config) {
  using dataplane::RuleAction;
  const OneOf<RuleAction> action{{{"allow", RuleAction::allow}, {"deny", RuleAction::deny}}};
  const OneOf<std::optional<std::uint8_t>> protocol{
      {{"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}, {"icmp", IPPROTO_ICMP}}};
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

}  // namespace stillwater::appliance
