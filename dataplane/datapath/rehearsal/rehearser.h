// Sends packets through the nodes for show.
#pragma once

#include <cstdint>
#include <span>

#include <rte_mempool.h>

#include "dataplane/datapath/context.h"
#include "dataplane/datapath/packet_pool.h"
#include "dataplane/datapath/rehearsal/record.h"
#include "quiesce/interface_agent.h"

namespace stillwater::dataplane {

// What a rehearsed packet counts, holds or takes is counted, held and taken here, and forgotten. Belongs to
// one worker's thread.
class Rehearser {
 public:
  explicit Rehearser(rte_mempool* buffers);

  // The way of `frame`, which fits into a buffer, as if `in_port`'s device had received it in this turn.
  // `worker` is the worker's own context, with no packet in hand; nothing that it refers to changes.
  void run(const Context& worker, PortIndex in_port, std::span<const std::uint8_t> frame,
           RehearsalRecord& record);

 private:
  quiesce::WorkerGate gate_;
  quiesce::InterfaceAgent agent_{gate_, {}};
  PacketPool pool_;
  Reassembly reassembly_;
};

}  // namespace stillwater::dataplane
