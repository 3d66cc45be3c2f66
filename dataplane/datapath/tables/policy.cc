#include "dataplane/datapath/tables/policy.h"

#include <algorithm>

namespace stillwater::dataplane {

Result<std::unique_ptr<const Policy>> Policy::build(std::span<const PortConfig> ports,
                                                    const PolicyConfig& config, unsigned workers,
                                                    std::uint32_t generation) {
  auto rules = RuleSet::build(ports, config.rules);
  if (!rules) return tl::unexpected(rules.error());
  return std::unique_ptr<const Policy>(new Policy(std::move(*rules), workers, generation));
}

Policy::Policy(RuleSet rules, unsigned workers, std::uint32_t generation)
    : generation_(generation), rules_(std::move(rules)) {
  const std::span<const Rule> all = rules_.rules();
  for (unsigned worker = 0; worker < workers; ++worker) {
    uses_.push_back(std::make_unique<RuleUse[]>(all.size()));
    for (const Rule& rule : all)
      if (rule.limit.per_s != 0) uses_[worker][rule.place].bucket = TokenBucket(rule.limit, workers);
  }
  for (const Rule& rule : all)
    if (rule.idle_timeout_s != 0) idle_timeouts_.emplace_back(rule.id, rule.idle_timeout_s);
  std::sort(idle_timeouts_.begin(), idle_timeouts_.end());
}

std::uint32_t Policy::find_idle_timeout(std::uint32_t rule_id) const {
  const auto found = std::lower_bound(idle_timeouts_.begin(), idle_timeouts_.end(), std::pair(rule_id, 0u));
  return found != idle_timeouts_.end() && found->first == rule_id ? found->second : 0;
}

}  // namespace stillwater::dataplane
