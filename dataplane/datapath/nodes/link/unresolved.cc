#include "dataplane/datapath/nodes/link/unresolved.h"

#include "dataplane/datapath/icmp/icmp_errors.h"
#include "dataplane/datapath/icmp/icmp_types.h"
#include "dataplane/datapath/ip/parse_again.h"
#include "dataplane/datapath/ping/ping_answer.h"

namespace stillwater::dataplane {
namespace {

void tell_sender(Context& context, rte_mbuf* mbuf) {
  Packet packet{.mbuf = mbuf, .to_us = true};
  context.turn.begin_packet();
  if (parse_again(packet)) return;
  send_icmp_error(context, packet,
                  packet.ip != nullptr ? icmp4::kHostUnreachable : icmp6::kAddressUnreachable);
}

}  // namespace

void give_up(Context& context, const Resolver::Unanswered& unanswered) {
  context.state.neighbours.forget(context.turn, unanswered.port, unanswered.address);
  for (unsigned i = 0; i < unanswered.count; ++i) {
    rte_mbuf* mbuf = unanswered.packets[i];
    tell_own_ping(context, mbuf);
    if (context.service.pipeline.tells_senders) tell_sender(context, mbuf);
    context.pool.drop(mbuf, DropReason::neighbour_unresolved);
  }
}

}  // namespace stillwater::dataplane
