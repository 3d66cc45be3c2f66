#include "dataplane/control/next_hop_tracker.h"

#include <algorithm>
#include <utility>

namespace stillwater::dataplane {

NextHopTracker::NextHopTracker(const Config& config, RouteTable& routes, RouteTable::WaitForReaders wait,
                               const Clock& clock)
    : attempts_(config.next_hop_tracking.attempts), routes_(routes), wait_(std::move(wait)), clock_(clock) {
  for (const PortConfig& port : config.ports) ports_.push_back(port.name);
}

void NextHopTracker::follow_routes() {
  const TrackedHops& tracked = routes_.tracked();
  const auto is_same = [](const auto& a, const auto& b) { return a.first == b.first; };
  if (!std::equal(watched_.begin(), watched_.end(), tracked.begin(), tracked.end(), is_same)) {
    watch_those_tracked();
    publish();
  }
  describe();
}

void NextHopTracker::watch_those_tracked() {
  const TrackedHops& tracked = routes_.tracked();
  std::erase_if(watched_, [&](const auto& watched) { return !tracked.contains(watched.first); });
  for (const auto& [next_hop, about] : tracked) {
    if (watched_.contains(next_hop)) continue;
    watched_.emplace(
        next_hop, Watched{std::make_shared<WatchedNextHop>(next_hop.port, next_hop.next_hop), clock_.now()});
  }
}

void NextHopTracker::publish() {
  WatchedNextHops::List list;
  for (const auto& [next_hop, watched] : watched_) list.push_back(watched.counter);
  if (table_) retired_.push_back(std::move(table_));
  table_ = list.empty() ? nullptr : std::make_unique<const WatchedNextHops>(std::move(list));
  published_.store(table_.get());
  if (!retired_.empty() && wait_()) retired_.clear();
}

Result<std::vector<TrackedNextHop>> NextHopTracker::judge() {
  std::vector<NextHopState> changes;
  for (const auto& [next_hop, watched] : watched_) {
    const bool alive = watched.counter->unanswered.load(std::memory_order_relaxed) <= attempts_;
    if (alive != routes_.tracked().at(next_hop).alive) changes.push_back({next_hop, alive});
  }
  if (changes.empty()) return {};
  if (Status done = routes_.set_alive(changes); !done) return tl::unexpected(done.error());
  const Instant now = clock_.now();
  for (const NextHopState& change : changes) watched_.at(change.next_hop).since = now;
  describe();
  std::vector<TrackedNextHop> news = list();
  std::erase_if(news, [&](const TrackedNextHop& hop) {
    return std::ranges::none_of(changes, [&](const NextHopState& change) {
      return change.next_hop.next_hop == hop.address && ports_[change.next_hop.port] == hop.port;
    });
  });
  return news;
}

void NextHopTracker::forget_silence() {
  if (table_) table_->forget_silence();
}

void NextHopTracker::describe() {
  std::vector<TrackedNextHop> fresh;
  for (const auto& [next_hop, watched] : watched_) {
    const TrackedHop& hop = routes_.tracked().at(next_hop);
    fresh.push_back({.address = next_hop.next_hop,
                     .port = ports_[next_hop.port],
                     .alive = hop.alive,
                     .since = watched.since,
                     .routes = hop.routes,
                     .withdrawn = hop.withdrawn});
  }
  const std::lock_guard lock(mutex_);
  list_ = std::move(fresh);
}

std::vector<TrackedNextHop> NextHopTracker::list() const {
  const std::lock_guard lock(mutex_);
  return list_;
}

}  // namespace stillwater::dataplane
