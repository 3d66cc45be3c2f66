// rules, and what they call by name.
#include <limits>
#include <set>

#include "appliance/config/policy_names.h"

namespace stillwater::appliance {
namespace {

using dataplane::RuleAction;
using dataplane::RuleConfig;

constexpr std::uint32_t kPerSecondMax = 1'000'000;

// What a session passes to be of the rule: named groups, or a service that is said in place.
void read_rule_services(Section& section, const ServiceGroups& groups, RuleConfig& rule) {
  const char* key = section.has("service") ? "service" : "services";
  const bool is_named = section.has(key);
  read_service_set(section, "service", groups, rule.services);
  read_service_set(section, "services", groups, rule.services);
  dataplane::ServiceConfig in_place;
  if (!read_service(section, "destination_ports", in_place)) return;
  if (is_named)
    section.mistake(key,
                    std::string(key) + " and a protocol, ports or types are both said; expected one of them");
  rule.services.push_back(std::move(in_place));
}

// What only sessions that the rule admits have.
void read_admitted(Section& section, RuleConfig& rule) {
  const WholeNumber<std::uint32_t> sessions{1, kPerSecondMax};
  for (const char* key : {"limit", "idle_timeout"})
    if (section.has(key) && rule.action != RuleAction::allow)
      section.mistake(key, std::string(key) + " of a rule that admits nothing; expected action: allow");
  section.optional("idle_timeout", rule.idle_timeout_s, Seconds{1, 7 * 24 * 3600});
  if (!section.has("limit")) return;
  Section limit = section.section("limit");
  limit.required("per_s", rule.limit.per_s, sessions);
  rule.limit.burst = rule.limit.per_s;
  limit.optional("burst", rule.limit.burst, sessions);
  limit.finish();
}

class RuleReader {
 public:
  RuleReader(const KnownPorts& known, const PolicyNames& names) : known_(known), names_(names) {}

  RuleConfig read(Section section) {
    const OneOf<RuleAction> action{
        {{"allow", RuleAction::allow}, {"deny", RuleAction::deny}, {"reject", RuleAction::reject}}};
    const WholeNumber<std::uint32_t> id{1, std::numeric_limits<std::uint32_t>::max() - 1};
    RuleConfig rule;
    if (section.required("id", rule.id, id) && !seen_.insert(rule.id).second)
      section.mistake("id", "rule " + std::to_string(rule.id) + " is repeated; expected each id once");
    const bool action_known = section.required("action", rule.action, action);
    read_port_set(section, "from", known_, names_.zones, rule.from);
    read_port_set(section, "to", known_, names_.zones, rule.to);
    read_address_set(section, "source", names_.addresses, rule.source);
    read_address_set(section, "destination", names_.addresses, rule.destination);
    read_rule_services(section, names_.services, rule);
    section.optional("log", rule.log, true_or_false());
    if (!action_known) rule.action = RuleAction::allow;  // one mistake is enough
    read_admitted(section, rule);
    section.finish();
    return rule;
  }

 private:
  const KnownPorts& known_;
  const PolicyNames& names_;
  std::set<std::uint32_t> seen_;
};

// With each range of ports, and type, that it names.
std::size_t size_of(const std::vector<dataplane::ServiceConfig>& services) {
  std::size_t size = 0;
  for (const dataplane::ServiceConfig& service : services)
    size += 1 + service.destination_ports.size() + service.source_ports.size() + service.icmp_types.size();
  return size;
}

void read_rules(Section& root, const KnownPorts& known, const PolicyNames& names, Config& config) {
  using dataplane::kRulePrefixesMax, dataplane::kRuleServicesMax, dataplane::kRulesMax;
  root.require("rules", "a list of rules; [] denies everything");
  const std::vector<Value> values = root.list("rules");
  if (values.size() > kRulesMax)
    return root.mistake(
        "rules", std::to_string(values.size()) + " rules; expected at most " + std::to_string(kRulesMax));
  RuleReader reader(known, names);
  std::size_t prefixes = 0, services = 0;
  for (const Value& value : values) {
    RuleConfig rule = reader.read(root.element(value, "rule"));
    prefixes += rule.source.size() + rule.destination.size();
    if (prefixes > kRulePrefixesMax)
      return root.mistake(value, "the prefixes of the rules up to this one are " + std::to_string(prefixes) +
                                     ", groups counted where they are named; expected at most " +
                                     std::to_string(kRulePrefixesMax));
    services += size_of(rule.services);
    if (services > kRuleServicesMax)
      return root.mistake(
          value, "the services of the rules up to this one, with their ports and types, are " +
                     std::to_string(services) + ", groups counted where they are named; expected at most " +
                     std::to_string(kRuleServicesMax));
    config.dataplane.rules.push_back(std::move(rule));
  }
}

}  // namespace

// A router has none: it would forward what a rule seems to deny.
bool is_for_firewall(Section& root, const char* key, const Config& config) {
  if (config.dataplane.function == dataplane::Function::firewall) return true;
  if (root.has(key))
    root.mistake(
        key, std::string(key) + " with 'function: router', which has none; expected 'function: firewall'");
  return false;
}

Zones read_policy(Section& root, const KnownPorts& known, Config& config) {
  bool has_rules = true;
  for (const char* key : {"zones", "addresses", "services", "rules"})
    if (!is_for_firewall(root, key, config)) has_rules = false;
  if (!has_rules) return {};
  PolicyNames names;
  names.zones = read_zones(root, known);
  names.addresses = read_addresses(root);
  names.services = read_services(root);
  read_rules(root, known, names, config);
  return names.zones;
}

}  // namespace stillwater::appliance
