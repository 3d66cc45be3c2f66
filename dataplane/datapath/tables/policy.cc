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
    : generation_(generation),
      rules_(std::move(rules)),
      has_idle_timeouts_(std::any_of(rules_.rules().begin(), rules_.rules().end(),
                                     [](const Rule& rule) { return rule.idle_timeout_s != 0; })) {
  const std::span<const Rule> all = rules_.rules();
  for (unsigned worker = 0; worker < workers; ++worker) {
    uses_.push_back(std::make_unique<RuleUse[]>(all.size()));
    for (const Rule& rule : all)
      if (rule.limit.per_s != 0) uses_[worker][rule.place].bucket = TokenBucket(rule.limit, workers);
  }
}

}  // namespace stillwater::dataplane
