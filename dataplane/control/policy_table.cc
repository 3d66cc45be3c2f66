#include "dataplane/control/policy_table.h"

#include <utility>

namespace stillwater::dataplane {

PolicyTable::PolicyTable(const Config& config, WaitForReaders wait)
    : ports_(config.ports), workers_(config.workers), wait_(std::move(wait)) {}

Result<std::unique_ptr<PolicyTable>> PolicyTable::create(const Config& config, WaitForReaders wait) {
  std::unique_ptr<PolicyTable> table(new PolicyTable(config, std::move(wait)));
  auto built = table->build({config.rules}, kFirstPolicyGeneration);
  if (!built) return tl::unexpected(built.error());
  table->current_ = std::move(*built);
  table->published_.store(table->current_.get());
  return table;
}

Result<std::unique_ptr<const Policy>> PolicyTable::build(const PolicyConfig& config,
                                                         std::uint32_t generation) const {
  return Policy::build(ports_, config, workers_, generation);
}

Result<std::uint32_t> PolicyTable::replace(const PolicyConfig& config,
                                           std::optional<std::uint32_t> generation) {
  const std::lock_guard lock(mutex_);
  const std::uint32_t next = generation.value_or(current_->generation() + 1);
  auto built = build(config, next);
  if (!built) return tl::unexpected(built.error());
  return publish(std::move(*built));
}

std::uint32_t PolicyTable::replace(std::unique_ptr<const Policy> policy) {
  const std::lock_guard lock(mutex_);
  return publish(std::move(policy));
}

// Under mutex_.
std::uint32_t PolicyTable::publish(std::unique_ptr<const Policy> policy) {
  published_.store(policy.get());
  former_.push_back(std::exchange(current_, std::move(policy)));
  if (wait_()) retire();  // else with the next one: the rules are in force as it is
  return current_->generation();
}

// Nobody counts in the former policies any more. What is known of rules that are gone is forgotten.
void PolicyTable::retire() {
  std::map<std::uint32_t, RuleFigures> sums;
  for (const Rule& rule : current_->rules().rules()) {
    RuleFigures sum{rule.id, rule.action, 0, 0};
    if (const auto known = before_.find(rule.id); known != before_.end()) {
      sum.matches = known->second.matches;
      sum.limited = known->second.limited;
    }
    sums.emplace(rule.id, sum);
  }
  for (const auto& policy : former_) {
    for (const Rule& rule : policy->rules().rules()) {
      const auto sum = sums.find(rule.id);
      if (sum == sums.end()) continue;
      const RuleFigures counted = figures_of(*policy, rule);
      sum->second.matches += counted.matches;
      sum->second.limited += counted.limited;
    }
  }
  before_ = std::move(sums);
  former_.clear();
}

RuleFigures PolicyTable::figures_of(const Policy& policy, const Rule& rule) const {
  RuleFigures figures{rule.id, rule.action, 0, 0};
  for (unsigned worker = 0; worker < workers_; ++worker) {
    const RuleUse& use = policy.use(worker, rule);
    figures.matches += use.matches.load(std::memory_order_relaxed);
    figures.limited += use.limited.load(std::memory_order_relaxed);
  }
  return figures;
}

std::uint32_t PolicyTable::generation() const {
  const std::lock_guard lock(mutex_);
  return current_->generation();
}

std::vector<RuleFigures> PolicyTable::figures() const {
  const std::lock_guard lock(mutex_);
  std::vector<RuleFigures> all;
  for (const Rule& rule : current_->rules().rules()) {
    RuleFigures figures = figures_of(*current_, rule);
    if (const auto known = before_.find(rule.id); known != before_.end()) {
      figures.matches += known->second.matches;
      figures.limited += known->second.limited;
    }
    all.push_back(figures);
  }
  return all;
}

}  // namespace stillwater::dataplane
