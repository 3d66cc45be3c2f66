// The containers of one worker's shard in the state region.
#pragma once

#include "ckpt_engine/region/counters.h"
#include "ckpt_engine/region/neighbour_table.h"
#include "dataplane/config.h"
#include "dataplane/datapath/drop_reason.h"
#include "dataplane/datapath/nat/nat_state.h"
#include "dataplane/datapath/tables/sessions.h"

namespace stillwater::dataplane {

// Views: the region outlives it. Its worker alone writes, inside a turn.
struct State {
  static void add_roots(region::Layout& layout, unsigned shard, const Config& config);
  State(const region::Region& region, unsigned shard, const Config& config);

  Sessions<region::FlowKey> sessions;
  Sessions<region::FlowKey6> sessions6;  // a page of them where IPv6 is not served
  region::NeighbourTable neighbours;
  region::Counters drops;  // indexed by DropReason
  NatState nat;

  // While the worker stands still and does not lead.
  void forget() {
    sessions.forget();
    sessions6.forget();
    nat.forget();
  }
};

}  // namespace stillwater::dataplane
