// The policy, and how it changes while workers go by it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/result.h"
#include "dataplane/config.h"
#include "dataplane/datapath/tables/policy.h"

namespace stillwater::dataplane {

// What this node's workers have made of a rule since they started, or since its id came into the policy.
struct RuleFigures {
  std::uint32_t id;
  RuleAction action;
  std::uint64_t matches;  // first packets that it decided about
  std::uint64_t limited;  // of them, those that its limit dropped
};

// A policy is built beside the one in force, then published whole; the former is freed when every worker has
// passed a turn boundary. Any thread; one caller at a time gets on, others wait.
class PolicyTable {
 public:
  // As RouteTable::WaitForReaders.
  using WaitForReaders = std::function<Status()>;

  // With the rules of the configuration, under kFirstPolicyGeneration. Errors: those of RuleSet::build.
  [[nodiscard]] static Result<std::unique_ptr<PolicyTable>> create(const Config& config, WaitForReaders wait);

  [[nodiscard]] const PublishedPolicy& published() const { return published_; }

  // All of the policy becomes this one. `generation` is the same on both nodes of a pair; by default the next
  // one. Sessions of that very number are not asked about again: who gives one that was used before answers
  // for it. Returns it when every worker goes by it, or, where one did not get to its next turn in time, once
  // it is in force; that worker goes by the former one for the rest of its turn. Errors: those of
  // RuleSet::build; nothing has changed.
  [[nodiscard]] Result<std::uint32_t> replace(const PolicyConfig& config,
                                              std::optional<std::uint32_t> generation = std::nullopt);
  // The same in two steps, of which the first takes long for very many rules, and changes nothing.
  [[nodiscard]] Result<std::unique_ptr<const Policy>> build(const PolicyConfig& config,
                                                            std::uint32_t generation) const;
  std::uint32_t replace(std::unique_ptr<const Policy> policy);

  [[nodiscard]] std::uint32_t generation() const;
  // In the order of the rules.
  [[nodiscard]] std::vector<RuleFigures> figures() const;

 private:
  PolicyTable(const Config& config, WaitForReaders wait);
  std::uint32_t publish(std::unique_ptr<const Policy> policy);
  [[nodiscard]] RuleFigures figures_of(const Policy& policy, const Rule& rule) const;
  void retire();

  const std::vector<PortConfig> ports_;
  const unsigned workers_;
  const WaitForReaders wait_;
  mutable std::mutex mutex_;  // of what follows
  std::unique_ptr<const Policy> current_;
  std::vector<std::unique_ptr<const Policy>> former_;  // which a worker may read still
  std::map<std::uint32_t, RuleFigures> before_;        // by rule id: what former policies counted
  PublishedPolicy published_{nullptr};
};

}  // namespace stillwater::dataplane
