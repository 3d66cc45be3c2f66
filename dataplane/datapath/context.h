// What every node may use.
#pragma once

#include "base/clock.h"
#include "ckpt_engine/region/turn.h"
#include "dataplane/datapath/fragments/reassembly.h"
#include "dataplane/datapath/icmp/error_limit.h"
#include "dataplane/datapath/output/output.h"
#include "dataplane/datapath/packet_pool.h"
#include "dataplane/datapath/ping/pending_ping.h"
#include "dataplane/datapath/tables/service.h"
#include "dataplane/datapath/tables/state.h"
#include "dataplane/datapath/tables/watched_next_hops.h"

namespace stillwater::dataplane {

class Exchange;
class LogRing;
class Rehearsal;

// One a worker, on its thread. `now` is the host's clock and never goes into the region; the region's time is
// turn.now().
struct Context {
  unsigned worker;
  const Service& service;
  State& state;
  region::Turn& turn;
  PacketPool& pool;
  Output& output;
  Reassembly& reassembly;
  ErrorLimit error_limit;
  Instant now{0};
  const Fib* fib_of_turn = nullptr;
  [[nodiscard]] const Fib& fib() const { return *fib_of_turn; }
  const Policy* policy_of_turn = nullptr;
  [[nodiscard]] const Policy& policy() const { return *policy_of_turn; }
  const WatchedNextHops* next_hops = nullptr;  // of the turn; null where none is watched
  bool own_mac_elsewhere = false;              // somebody else uses our addresses: announce again
  Exchange* exchange = nullptr;                // with other workers; null where there are none
  PendingPing* ping = nullptr;                 // the dataplane's; null: it never asks
  LogRing* log = nullptr;                      // the worker's; null: nothing is to be logged
  // Set: nothing but the packet and what is the context's own may change (rehearsal/rehearsal.h).
  Rehearsal* rehearsal = nullptr;
};

}  // namespace stillwater::dataplane
