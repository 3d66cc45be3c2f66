#include "dataplane/datapath/rehearsal/rehearser.h"

#include <algorithm>

#include "dataplane/datapath/graph/graph.h"
#include "dataplane/datapath/rehearsal/rehearsal.h"

namespace stillwater::dataplane {
namespace {

// One datagram, and what a source may have is more than its fragments.
constexpr ReassemblyLimits kOneDatagram{.datagrams = 1, .fragments = 80};
static_assert(kOneDatagram.fragments > kOneDatagram.fragments_of_datagram);

}  // namespace

Rehearser::Rehearser(rte_mempool* buffers) : pool_(agent_, buffers), reassembly_(pool_, 0, kOneDatagram) {}

void Rehearser::run(const Context& worker, PortIndex in_port, std::span<const std::uint8_t> frame,
                    RehearsalRecord& record) {
  Rehearsal rehearsal(record, worker.reassembly);
  pool_.drops().fill(0);
  Packet packet{.mbuf = pool_.make(), .in_port = in_port};
  if (packet.mbuf == nullptr) {
    record.no_buffer = true;
    return;
  }
  char* at = rte_pktmbuf_append(packet.mbuf, static_cast<std::uint16_t>(frame.size()));
  std::copy(frame.begin(), frame.end(), reinterpret_cast<std::uint8_t*>(at));
  Context context{.worker = worker.worker,
                  .service = worker.service,
                  .state = worker.state,
                  .turn = worker.turn,
                  .pool = pool_,
                  .output = worker.output,
                  .reassembly = reassembly_,
                  .error_limit = worker.error_limit,
                  .now = worker.now,
                  .fib_of_turn = worker.fib_of_turn,
                  .policy_of_turn = worker.policy_of_turn,
                  .ping = worker.ping,
                  .rehearsal = &rehearsal};
  context.turn.begin_packet();
  rehearse(context, packet);
  reassembly_.discard();
}

}  // namespace stillwater::dataplane
