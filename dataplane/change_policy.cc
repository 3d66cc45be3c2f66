// A policy that changes while workers go by it.
#include "dataplane/shard.h"

namespace stillwater::dataplane {

Result<std::uint32_t> Dataplane::replace_policy(const PolicyConfig& policy,
                                                std::optional<std::uint32_t> generation) {
  if (config_.function == Function::router)
    return fail(Errc::failed_precondition, "a router has no rules; expected dataplane.function: firewall");
  return tables_->policy->replace(policy, generation);
}

Status Dataplane::check_policy(const PolicyConfig& policy) const {
  if (config_.function == Function::router)
    return fail(Errc::failed_precondition, "a router has no rules; expected dataplane.function: firewall");
  return tables_->policy->check(policy);
}

std::uint32_t Dataplane::policy_generation() const { return tables_->policy->generation(); }

std::vector<RuleFigures> Dataplane::rule_figures() const { return tables_->policy->figures(); }

}  // namespace stillwater::dataplane
