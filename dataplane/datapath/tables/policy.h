// A generation of the policy as workers read it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "dataplane/config.h"
#include "dataplane/datapath/tables/rule_set.h"
#include "dataplane/datapath/tables/rule_use.h"

namespace stillwater::dataplane {

// Of what the configuration file says; later ones are different.
inline constexpr std::uint32_t kFirstPolicyGeneration = 1;

// Rules and generation never change. What a worker counts and spends lies beside them.
class Policy {
 public:
  // Errors: those of RuleSet::build.
  [[nodiscard]] static Result<std::unique_ptr<const Policy>> build(std::span<const PortConfig> ports,
                                                                   const PolicyConfig& config,
                                                                   unsigned workers,
                                                                   std::uint32_t generation);

  // Which sessions have been admitted by these very rules; others are asked about again.
  [[nodiscard]] std::uint32_t generation() const { return generation_; }
  [[nodiscard]] const RuleSet& rules() const { return rules_; }
  // Written by that worker alone.
  [[nodiscard]] RuleUse& use(unsigned worker, const Rule& rule) const { return uses_[worker][rule.place]; }
  // Of sessions that the rule of this id admits; 0: as their state has it, or there is no such rule.
  [[nodiscard]] std::uint32_t idle_timeout_s(std::uint32_t rule_id) const {
    const Rule* rule = least_idle_timeout_s_ != kNoTimeout ? rules_.find(rule_id) : nullptr;
    return rule != nullptr ? rule->idle_timeout_s : 0;
  }
  // The shortest of them; the largest value where no rule has any.
  [[nodiscard]] std::uint32_t least_idle_timeout_s() const { return least_idle_timeout_s_; }

 private:
  Policy(RuleSet rules, unsigned workers, std::uint32_t generation);

  static constexpr std::uint32_t kNoTimeout = 0xffff'ffff;

  const std::uint32_t generation_;
  const RuleSet rules_;
  std::vector<std::unique_ptr<RuleUse[]>> uses_;  // by worker and place
  const std::uint32_t least_idle_timeout_s_;
};

// The policy in force. Writer: the control plane; a worker reads it once a turn. Sequentially consistent, for
// the reason that PublishedFib is.
using PublishedPolicy = std::atomic<const Policy*>;

}  // namespace stillwater::dataplane
