#include "dataplane/datapath/tables/rule_set.h"

#include "dataplane/names.h"

namespace stillwater::dataplane {

Result<RuleSet> RuleSet::build(const Config& config) {
  RuleSet set;
  for (const RuleConfig& rule : config.rules) {
    const auto from = rule.from.empty() ? kAnyPort : find_port(config, rule.from);
    const auto to = rule.to.empty() ? kAnyPort : find_port(config, rule.to);
    if (!from || !to)
      return fail(Errc::invalid_argument, "rule " + std::to_string(rule.id) + " names port '" +
                                              (from ? rule.to : rule.from) + "', which is not there");
    set.rules_.push_back({.source = rule.source.address & rule.source.mask(),
                          .source_mask = rule.source.mask(),
                          .destination = rule.destination.address & rule.destination.mask(),
                          .destination_mask = rule.destination.mask(),
                          .from = *from,
                          .to = *to,
                          .ports = rule.destination_ports,
                          .protocol = rule.protocol.value_or(0),
                          .any_protocol = !rule.protocol.has_value(),
                          .rule = {rule.id, rule.action, rule.log}});
    if (rule.log) set.logged_ids_.push_back(rule.id);
  }
  std::sort(set.logged_ids_.begin(), set.logged_ids_.end());
  return set;
}

const Rule* RuleSet::match(const region::FlowKey& key, PortIndex from, PortIndex to) const {
  const std::uint32_t source = rte_be_to_cpu_32(key.source_be);
  const std::uint32_t destination = rte_be_to_cpu_32(key.destination_be);
  const std::uint16_t port = rte_be_to_cpu_16(key.destination_port_be);
  for (const Matcher& m : rules_) {
    if (m.from != kAnyPort && m.from != from) continue;
    if (m.to != kAnyPort && m.to != to) continue;
    if (!m.any_protocol && m.protocol != key.protocol) continue;
    if ((source & m.source_mask) != m.source) continue;
    if ((destination & m.destination_mask) != m.destination) continue;
    if (!m.ports.contains(port)) continue;
    return &m.rule;
  }
  return nullptr;
}

}  // namespace stillwater::dataplane
