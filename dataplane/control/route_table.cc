// Invariants:
//   - what is published equals routes_, and is not written;
//   - the spare equals routes_ too between two calls, unless withdrawn_ or spare_is_whole_ says otherwise;
//   - a group that either copy names, or that a reader may have found in one, has a reference;
//   - the routes go by the next hops that routes_ takes for alive.
#include "dataplane/control/route_table.h"

#include <algorithm>
#include <string>
#include <utility>

#include "dataplane/names.h"

namespace stillwater::dataplane {

RouteTable::RouteTable(const Config& config, Links links, WaitForReaders wait)
    : routes_(config, std::move(links)),
      copies_(config.function == Function::router ? 2 : 1),
      wait_(std::move(wait)) {}

Result<std::unique_ptr<RouteTable>> RouteTable::create(const Config& config, WaitForReaders wait) {
  if (config.ports.size() > AdjacencyGroups::kGroupsMax / 4)
    return fail(Errc::resource_exhausted,
                "more than " + std::to_string(AdjacencyGroups::kGroupsMax / 4) + " ports");
  auto links = Links::build(config);
  if (!links) return tl::unexpected(links.error());
  std::unique_ptr<RouteTable> table(new RouteTable(config, std::move(*links), std::move(wait)));
  for (const RouteConfig& route : config.routes) {
    const auto step = table->routes_.change({RouteChange::Kind::put, route});
    if (!step) return tl::unexpected(step.error());
    table->give_back({&*step, 1}, &RouteStep::before);
  }
  for (FibCopy& copy : table->copies_)
    if (Status filled = copy.fill(table->routes_); !filled) return tl::unexpected(filled.error());
  table->publish(0);
  return table;
}

Status RouteTable::can_change() const {
  if (copies_.size() > 1) return {};
  return fail(Errc::failed_precondition,
              "a firewall's routes do not change; expected dataplane.function: router");
}

Status RouteTable::check(std::span<const RouteChange> changes) {
  if (Status can = can_change(); !can) return can;
  const auto steps = plan(changes);
  if (steps) {
    take_back(*steps);
  }
  routes_.forget_untracked();
  return steps ? Status{} : tl::unexpected(steps.error());
}

Status RouteTable::apply(std::span<const RouteChange> changes) {
  if (Status can = can_change(); !can) return can;
  if (Status settled = settle_spare(); !settled) return settled;
  auto steps = plan(changes);
  Status applied = steps ? carry_out(std::move(*steps)) : tl::unexpected(steps.error());
  routes_.forget_untracked();
  return applied;
}

Status RouteTable::set_alive(std::span<const NextHopState> states) {
  if (Status settled = settle_spare(); !settled) return settled;
  for (const NextHopState& state : states) routes_.set_alive(state.next_hop, state.alive);
  auto steps = routes_.follow_liveness();
  if (steps) merge(*steps);
  Status done = steps ? Status() : tl::unexpected(steps.error());
  if (done && !steps->empty()) done = carry_out(std::move(*steps));
  if (done) return done;
  for (const NextHopState& state : states) routes_.set_alive(state.next_hop, !state.alive);
  return done;
}

Status RouteTable::carry_out(std::vector<RouteStep> steps) {
  if (!spare().redo(steps)) {
    spare_is_whole_ = false;
    take_back(steps);
    return fail(Errc::resource_exhausted,
                "DPDK's FIB does not take the routes, though there is room for them");
  }
  publish(1 - current_);
  if (Status waited = wait_(); !waited) {
    publish(1 - current_);
    revert(steps);
    withdrawn_ = std::move(steps);
    return waited;
  }
  spare_is_whole_ = spare().redo(steps);
  give_back(steps, &RouteStep::before);
  generation_.fetch_add(1, std::memory_order_relaxed);
  return {};
}

Result<std::vector<RouteStep>> RouteTable::plan(std::span<const RouteChange> changes) {
  std::vector<RouteStep> steps;
  steps.reserve(changes.size());
  for (const RouteChange& change : changes) {
    const auto step = routes_.change(change);
    if (!step) {
      take_back(steps);
      return tl::unexpected(step.error());
    }
    steps.push_back(*step);
  }
  merge(steps);
  return steps;
}

// One step a prefix that changes. What goes makes room before what comes, and the other way round when it is
// reverted. Neighbours lie close together in the FIB.
void RouteTable::merge(std::vector<RouteStep>& steps) {
  std::ranges::stable_sort(steps, {}, &RouteStep::prefix);
  std::size_t kept = 0;
  for (const RouteStep& step : steps) {
    if (kept != 0 && steps[kept - 1].prefix == step.prefix) {
      give_back({&step, 1}, &RouteStep::before);  // in no FIB ever
      steps[kept - 1].after = step.after;
    } else {
      steps[kept++] = step;
    }
  }
  steps.resize(kept);
  std::erase_if(steps, [&](const RouteStep& step) {
    if (step.before != step.after) return false;
    give_back({&step, 1}, &RouteStep::before);
    return true;
  });
  std::stable_partition(steps.begin(), steps.end(),
                        [](const RouteStep& step) { return step.after.live == AdjacencyGroups::kNone; });
}

void RouteTable::revert(std::span<const RouteStep> steps) {
  std::for_each(steps.rbegin(), steps.rend(), [this](const RouteStep& step) { routes_.revert(step); });
}

void RouteTable::take_back(std::span<const RouteStep> steps) {
  revert(steps);
  give_back(steps, &RouteStep::after);
}

// After a batch that was withdrawn, or that DPDK failed.
Status RouteTable::settle_spare() {
  if (!withdrawn_.empty()) {
    if (Status waited = wait_(); !waited) return waited;
    spare_is_whole_ = spare_is_whole_ && spare().undo(withdrawn_);
    give_back(withdrawn_, &RouteStep::after);
    withdrawn_.clear();
  }
  if (spare_is_whole_) return {};
  Status filled = spare().fill(routes_);
  spare_is_whole_ = filled.has_value();
  return filled;
}

void RouteTable::publish(std::size_t copy) {
  current_ = copy;
  published_.store(&copies_[copy].view());
}

void RouteTable::give_back(std::span<const RouteStep> steps, RouteState RouteStep::*which) {
  for (const RouteStep& step : steps) routes_.give_back(step.*which);
}

}  // namespace stillwater::dataplane
