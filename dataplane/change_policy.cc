// A policy that changes while workers go by it.
#include <utility>

#include "dataplane/shard.h"

namespace stillwater::dataplane {
namespace {

Status must_have_rules(const Config& config) {
  if (config.function != Function::router) return {};
  return fail(Errc::failed_precondition, "a router has no rules; expected dataplane.function: firewall");
}

}  // namespace

Result<std::uint32_t> Dataplane::replace_policy(const PolicyConfig& policy,
                                                std::optional<std::uint32_t> generation) {
  return must_have_rules(config_).and_then([&] { return tables_->policy->replace(policy, generation); });
}

Result<std::unique_ptr<const Policy>> Dataplane::build_policy(const PolicyConfig& policy,
                                                              std::uint32_t generation) const {
  return must_have_rules(config_).and_then([&] { return tables_->policy->build(policy, generation); });
}

std::uint32_t Dataplane::replace_policy(std::unique_ptr<const Policy> policy) {
  return tables_->policy->replace(std::move(policy));
}

std::uint32_t Dataplane::policy_generation() const { return tables_->policy->generation(); }

std::vector<RuleFigures> Dataplane::rule_figures() const { return tables_->policy->figures(); }

}  // namespace stillwater::dataplane
