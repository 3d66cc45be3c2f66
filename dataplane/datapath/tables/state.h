// The containers of one worker's shard in the state region.
#pragma once

#include <algorithm>
#include <vector>

#include "ckpt_engine/region/counters.h"
#include "ckpt_engine/region/neighbour_table.h"
#include "ckpt_engine/region/session_table.h"
#include "dataplane/config.h"
#include "dataplane/datapath/drop_reason.h"
#include "dataplane/datapath/nat/nat_state.h"
#include "dataplane/datapath/tables/admission.h"
#include "dataplane/datapath/tcp_window.h"

namespace stillwater::dataplane {

// Views: the region outlives it. Its worker alone writes, inside a turn.
struct State {
  static void add_roots(region::Layout& layout, unsigned shard, const Config& config);
  State(const region::Region& region, unsigned shard, const Config& config);

  region::SessionTable sessions;
  region::NeighbourTable neighbours;
  region::Counters drops;  // indexed by DropReason
  NatState nat;

  // A TCP responder's SYN was seen: what the handshake needs to be called complete. Not worth a hard write: a
  // takeover assumes it was, which only lets a session be called established by its initiator's next segment.
  std::vector<bool> responder_answered;  // by slot; not in the region
  std::vector<TcpWindow> tcp_windows;    // by slot; not in the region
  // A closed session was reset, for the log alone: what was reset before a takeover is told as closed by FIN.
  std::vector<bool> ended_by_reset;  // by slot; not in the region
  Admission admission;               // not in the region

  // While the worker stands still and does not lead: what it saw is of no use once others have led.
  void forget() {
    std::fill(tcp_windows.begin(), tcp_windows.end(), TcpWindow{});
    std::fill(ended_by_reset.begin(), ended_by_reset.end(), false);
    admission.forget();
    nat.forget();
  }
};

}  // namespace stillwater::dataplane
