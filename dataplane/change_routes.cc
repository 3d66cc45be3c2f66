// Routes that change while workers forward.
#include <string>

#include <time.h>

#include "dataplane/shard.h"

namespace stillwater::dataplane {
namespace {

constexpr Nanos kTurnPatience = 1s;  // a worker sleeps for less than a millisecond between turns
constexpr Nanos kTurnPoll = 50us;

// It has nothing that a lookup gave, and will read the published FIB before it looks up.
bool stands_at_boundary(const quiesce::WorkerGate& gate) {
  return gate.whereabouts.load() != quiesce::Whereabouts::running;
}

}  // namespace

// A worker reads the published FIB at the beginning of a turn. The end of one turn may be seen after the next
// has begun, by the FIB of before; so two are waited for.
Status Dataplane::pass_turns() const {
  const Instant deadline = clock_.now() + kTurnPatience;
  for (unsigned worker = 0; worker < workers(); ++worker) {
    const auto& turns = shards_[worker]->report.turns;
    const std::uint64_t before = turns.load();
    while (!stands_at_boundary(barrier_.gate(worker)) && turns.load() < before + 2) {
      if (clock_.now() >= deadline)
        return fail(Errc::timed_out, "worker " + std::to_string(worker) + " does not end its turns");
      const timespec pause{0, Nanos(kTurnPoll).count()};
      nanosleep(&pause, nullptr);
    }
  }
  return {};
}

Status Dataplane::change_routes(std::span<const RouteChange> changes) {
  const std::lock_guard lock(route_mutex_);
  return tables_->routes->apply(changes).map([this] {
    tables_->next_hops->follow_routes();
    count_routes();
  });
}

Status Dataplane::check_routes(std::span<const RouteChange> changes) {
  const std::lock_guard lock(route_mutex_);
  return tables_->routes->check(changes);
}

void Dataplane::count_routes() {
  route_counts_.store({tables_->routes->routes4(), tables_->routes->routes6()}, std::memory_order_relaxed);
}

Result<std::vector<TrackedNextHop>> Dataplane::watch_next_hops() {
  const std::lock_guard lock(route_mutex_);
  const quiesce::WorkerGate& gate = barrier_.gate(0);
  if (gate.stop.load() && gate.discard.load()) tables_->next_hops->forget_silence();
  return tables_->next_hops->judge();
}

std::vector<TrackedNextHop> Dataplane::tracked_next_hops() const { return tables_->next_hops->list(); }

}  // namespace stillwater::dataplane
