#include "dataplane/datapath/state.h"

namespace stillwater::dataplane {

void State::add_roots(region::Layout& layout, unsigned shard, const Config& config) {
  region::SessionTable::add_roots(layout, shard, config.sessions_max);
  region::NeighbourTable::add_root(layout, shard, config.neighbours_max);
  region::Counters::add_root(layout, shard, kDropReasons);
  SourceNat::add_roots(layout, shard, config);
}

State::State(const region::Region& region, unsigned shard, const Config& config)
    : sessions(region, shard),
      neighbours(region, shard),
      drops(region, shard),
      source_nat(region, shard, config),
      responder_answered(sessions.capacity(), true) {}

}  // namespace stillwater::dataplane
