#include "appliance/running/running_config.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "appliance/config/config.h"
#include "base/thread.h"
#include "dataplane/names.h"

namespace stillwater::appliance {
namespace {

using dataplane::RouteChange;
using dataplane::RouteConfig;

constexpr std::size_t kChunk = 1024;  // routes that a lock is held for

std::set<IpPrefix> prefixes_of(const dataplane::Config& config) {
  std::set<IpPrefix> prefixes;
  for (const RouteConfig& route : config.routes) prefixes.insert(route.to);
  return prefixes;
}

bool is_same(const RouteConfig& a, const RouteConfig& b) {
  return a.kind == b.kind && a.via == b.via && a.track == b.track;
}

}  // namespace

RunningConfig::RunningConfig(const dataplane::Config& config, dataplane::Dataplane& dataplane,
                             CommittedEpoch& epochs)
    : config_(config), in_file_(prefixes_of(config)), dataplane_(dataplane), epochs_(epochs), thread_([this] {
        run();
      }) {}

RunningConfig::~RunningConfig() {
  {
    const std::lock_guard lock(job_mutex_);
    ends_ = true;
  }
  asked_.notify_one();
  thread_.join();
}

void RunningConfig::ask(Job job) {
  {
    const std::lock_guard lock(job_mutex_);
    job_ = std::move(job);
  }
  asked_.notify_one();
}

void RunningConfig::collect() { ask({Job::Kind::collect}); }

std::optional<standby::ConfigBytes> RunningConfig::take_collected() {
  const std::lock_guard lock(job_mutex_);
  return std::exchange(collected_, std::nullopt);
}

void RunningConfig::build(standby::ConfigBytes document, bool whole) {
  ask({whole ? Job::Kind::build_whole : Job::Kind::build, std::move(document)});
}

std::optional<Status> RunningConfig::take_built() {
  const std::lock_guard lock(job_mutex_);
  return std::exchange(built_, std::nullopt);
}

void RunningConfig::for_each_route(std::uint64_t limit,
                                   const std::function<void(const RouteConfig&)>& sink) const {
  std::vector<RouteConfig> chunk;
  std::optional<IpPrefix> after;
  while (limit > 0) {
    chunk.clear();
    {
      const std::lock_guard lock(routes_mutex_);
      auto at = after ? routes_.upper_bound(*after) : routes_.begin();
      for (; at != routes_.end() && chunk.size() < std::min<std::uint64_t>(limit, kChunk); ++at)
        chunk.push_back(at->second);
    }
    if (chunk.empty()) return;
    after = chunk.back().to;
    limit -= chunk.size();
    for (const RouteConfig& route : chunk) sink(route);
  }
}

Status RunningConfig::check(std::span<const RouteChange> changes) const {
  for (const RouteChange& change : changes)
    if (in_file_.contains(change.route.to))
      return fail(Errc::invalid_argument, "the route to " + dataplane::to_text(change.route.to) +
                                              " stands in the configuration file; change it there, on both "
                                              "nodes");
  return {};
}

void RunningConfig::run() {
  name_this_thread("sw-config");
  std::unique_lock lock(job_mutex_);
  for (;;) {
    asked_.wait(lock, [this] { return ends_ || job_; });
    if (ends_) return;
    const Job job = *std::exchange(job_, std::nullopt);
    lock.unlock();
    if (job.kind == Job::Kind::collect) {
      standby::ConfigBytes document = collected();
      lock.lock();
      collected_ = std::move(document);
    } else {
      Status how = carry_out(job);
      if (!how) spdlog::warn("the running configuration stays as it was: {}", how.error().message);
      lock.lock();
      built_ = std::move(how);
    }
    epochs_.wake();
  }
}

// The thread alone changes routes_, and reads them without the lock.
standby::ConfigBytes RunningConfig::collected() const {
  std::vector<RouteChange> changes;
  changes.reserve(routes_.size());
  for (const auto& [prefix, route] : routes_) changes.push_back({RouteChange::Kind::put, route});
  return to_document(changes, policy_);
}

Status RunningConfig::carry_out(const Job& job) {
  auto document = from_document(job.document);
  if (!document) return tl::unexpected(document.error());
  const bool whole = job.kind == Job::Kind::build_whole;
  if (config_.function == dataplane::Function::firewall && document->routes.empty())
    return change_policy(std::move(document->policy), whole);
  if (document->policy) return fail(Errc::failed_precondition, "a router has no policy");
  std::vector<RouteChange> changes = std::move(document->routes);
  if (Status may = check(changes); !may) return may;
  if (whole) changes = instead_of_all(std::move(changes));
  if (changes.empty()) return {};
  return dataplane_.change_routes(changes).map([&] { note(std::move(changes)); });
}

// All of a leader's without a policy is the file's.
Status RunningConfig::change_policy(std::optional<RunningPolicy> policy, bool whole) {
  if (policy == policy_ || (!policy && !whole)) return {};
  // Sessions know the rules that admitted them by this number: it may mean no others.
  if (!whole && policy->generation <= dataplane_.policy_generation())
    return fail(Errc::refused, "other rules were loaded meanwhile; load these again");
  auto next = built(policy);
  if (!next) return tl::unexpected(next.error());
  dataplane_.replace_policy(std::move(*next));
  const std::lock_guard lock(routes_mutex_);
  policy_ = std::move(policy);
  return {};
}

// None is the file's.
Result<std::unique_ptr<const dataplane::Policy>> RunningConfig::built(
    const std::optional<RunningPolicy>& policy) {
  if (!policy)
    return dataplane_.build_policy(dataplane::PolicyConfig{config_.rules}, dataplane::kFirstPolicyGeneration);
  if (auto prepared = take_prepared(*policy)) return prepared;
  return parse_policy(policy->text, "rules", config_).and_then([&](const dataplane::PolicyConfig& parsed) {
    return dataplane_.build_policy(parsed, policy->generation);
  });
}

Result<std::size_t> RunningConfig::prepare(const RunningPolicy& policy) {
  const auto parsed = parse_policy(policy.text, "rules", config_);
  if (!parsed) return tl::unexpected(parsed.error());
  auto built = dataplane_.build_policy(*parsed, policy.generation);
  if (!built) return tl::unexpected(built.error());
  const std::lock_guard lock(routes_mutex_);
  prepared_ = Prepared{policy, std::move(*built)};
  return parsed->rules.size();
}

void RunningConfig::forget_prepared() {
  const std::lock_guard lock(routes_mutex_);
  prepared_.reset();
}

// Null: another one was prepared, or none.
std::unique_ptr<const dataplane::Policy> RunningConfig::take_prepared(const RunningPolicy& policy) {
  const std::lock_guard lock(routes_mutex_);
  if (!prepared_ || prepared_->policy != policy) return nullptr;
  auto built = std::move(prepared_->built);
  prepared_.reset();
  return built;
}

std::optional<RunningPolicy> RunningConfig::policy() const {
  const std::lock_guard lock(routes_mutex_);
  return policy_;
}

void RunningConfig::note(std::vector<RouteChange> changes) {
  for (std::size_t at = 0; at < changes.size();) {
    const std::lock_guard lock(routes_mutex_);
    for (const std::size_t end = std::min(changes.size(), at + kChunk); at < end; ++at) {
      RouteChange& change = changes[at];
      if (change.kind == RouteChange::Kind::remove)
        routes_.erase(change.route.to);
      else
        routes_.insert_or_assign(change.route.to, std::move(change.route));
    }
  }
  route_count_.store(routes_.size(), std::memory_order_relaxed);
}

// What is the same already is left alone.
std::vector<RouteChange> RunningConfig::instead_of_all(std::vector<RouteChange> changes) const {
  std::set<IpPrefix> wanted;
  for (const RouteChange& change : changes) wanted.insert(change.route.to);
  std::vector<RouteChange> out;
  for (const auto& [prefix, route] : routes_)
    if (!wanted.contains(prefix)) out.push_back({RouteChange::Kind::remove, route});
  for (RouteChange& change : changes) {
    const auto known = routes_.find(change.route.to);
    if (known == routes_.end() || !is_same(known->second, change.route)) out.push_back(std::move(change));
  }
  return out;
}

}  // namespace stillwater::appliance
