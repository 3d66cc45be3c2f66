#include "dataplane/datapath/tables/state.h"

#include <algorithm>

namespace stillwater::dataplane {
namespace {

// At least what a lone worker may be given at least.
std::uint32_t share_of(std::uint32_t sessions, const Config& config) {
  return std::max(16u, (sessions + config.workers - 1) / config.workers);
}

}  // namespace

void State::add_roots(region::Layout& layout, unsigned shard, const Config& config) {
  const bool has_sessions6 = config.function == Function::firewall && serves_ipv6(config);
  region::SessionTable::add_roots(layout, shard, share_of(config.sessions_max, config));
  region::SessionTable6::add_roots(layout, shard, share_of(has_sessions6 ? config.sessions6_max : 0, config));
  region::NeighbourTable::add_root(layout, shard, config.neighbours_max);
  region::Counters::add_root(layout, shard, kDropReasons);
  NatState::add_roots(layout, shard, config);
}

State::State(const region::Region& region, unsigned shard, const Config& config)
    : sessions(region, shard, config),
      sessions6(region, shard, config),
      neighbours(region, shard),
      drops(region, shard),
      nat(region, shard, config) {}

}  // namespace stillwater::dataplane
