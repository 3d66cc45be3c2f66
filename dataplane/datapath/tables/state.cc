#include "dataplane/datapath/tables/state.h"

#include <algorithm>

namespace stillwater::dataplane {

void State::add_roots(region::Layout& layout, unsigned shard, const Config& config) {
  // At least what a lone worker may be given at least.
  const std::uint32_t sessions = std::max(16u, (config.sessions_max + config.workers - 1) / config.workers);
  region::SessionTable::add_roots(layout, shard, sessions);
  region::NeighbourTable::add_root(layout, shard, config.neighbours_max);
  region::Counters::add_root(layout, shard, kDropReasons);
  NatState::add_roots(layout, shard, config);
}

State::State(const region::Region& region, unsigned shard, const Config& config)
    : sessions(region, shard),
      neighbours(region, shard),
      drops(region, shard),
      nat(region, shard, config),
      responder_answered(sessions.capacity(), true),
      tcp_windows(sessions.capacity()),
      ended_by_reset(sessions.capacity(), false),
      admission(config, sessions.capacity()) {}

}  // namespace stillwater::dataplane
