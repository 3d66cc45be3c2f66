#include "dataplane/datapath/tables/policy.h"

#include <algorithm>
#include <numeric>

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
      least_idle_timeout_s_(std::accumulate(rules_.rules().begin(), rules_.rules().end(), kNoTimeout,
                                            [](std::uint32_t least, const Rule& rule) {
                                              return rule.idle_timeout_s == 0
                                                         ? least
                                                         : std::min(least, rule.idle_timeout_s);
                                            })) {
  const std::span<const Rule> all = rules_.rules();
  for (unsigned worker = 0; worker < workers; ++worker) {
    uses_.push_back(std::make_unique<RuleUse[]>(all.size()));
    for (const Rule& rule : all)
      if (rule.limit.per_s != 0) uses_[worker][rule.place].bucket = TokenBucket(rule.limit, workers);
  }
}

}  // namespace stillwater::dataplane
