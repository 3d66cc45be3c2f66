// The insides of Dataplane. Nobody else includes this.
#pragma once

#include <memory>
#include <vector>

#include "dataplane/control/buffers.h"
#include "dataplane/control/next_hop_tracker.h"
#include "dataplane/control/policy_table.h"
#include "dataplane/control/route_table.h"
#include "dataplane/datapath/events/log_ring.h"
#include "dataplane/datapath/steering/handover.h"
#include "dataplane/datapath/tables/service.h"
#include "dataplane/datapath/tables/state.h"
#include "dataplane/datapath/worker.h"
#include "dataplane/dataplane.h"

namespace stillwater::dataplane {

// Destroyed in reverse: tables, then the ports, which give their buffers back, then the buffers.
struct Dataplane::Tables {
  BufferPool buffers;
  std::vector<std::unique_ptr<Port>> ports;  // those with a device
  std::vector<std::size_t> device_of;        // by port of the configuration: which of `ports` has its device
  std::unique_ptr<RouteTable> routes;
  std::unique_ptr<NextHopTracker> next_hops;
  std::unique_ptr<PolicyTable> policy;
  std::unique_ptr<Service> service;
  std::vector<std::vector<std::unique_ptr<quiesce::HandoverRing>>> rings;  // [from][to]; null to itself
  RegionClock region_clock;
  std::unique_ptr<Handover> handover;
  PendingPing ping;

  [[nodiscard]] RingEnds ring_ends(unsigned worker) const {
    RingEnds ends;
    for (unsigned other = 0; other < rings.size(); ++other) {
      ends.to.push_back(rings[worker][other].get());
      ends.from.push_back(rings[other][worker].get());
    }
    return ends;
  }
};

struct Dataplane::Shard {
  static constexpr std::uint32_t kLogRecords = 8192;  // 0.9 MiB; at 400,000 records/s what comes in 20 ms

  Shard(const region::Region& region, unsigned index, const Config& config)
      : marks(region::kDataOffset, region.soft_begin(), region.size()), state(region, index, config) {
    if (config.log.wants_any()) log = std::make_unique<LogRing>(kLogRecords);
  }

  region::WorkerMarks marks;
  State state;
  Requests requests;
  WorkerReport report;
  std::unique_ptr<LogRing> log;    // null: nothing is to be logged; outlasts the worker
  std::unique_ptr<Worker> worker;  // while started
  unsigned lcore = 0;
};

}  // namespace stillwater::dataplane
