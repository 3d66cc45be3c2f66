#include "dataplane/datapath/nodes/ip/reassemble.h"

#include "dataplane/datapath/fragments/reassembly.h"
#include "dataplane/datapath/icmp/icmp_errors.h"
#include "dataplane/datapath/icmp/icmp_types.h"
#include "dataplane/datapath/ip/parse_again.h"
#include "dataplane/datapath/rehearsal/rehearsal.h"

namespace stillwater::dataplane {

std::optional<Verdict> reassemble(Context& context, Packet& packet) {
  if (context.rehearsal != nullptr) context.rehearsal->bring_fragments(context, packet);
  const bool is_v4 = packet.ip != nullptr;
  const Reassembled result = is_v4 ? context.reassembly.add_ipv4(packet.mbuf, packet.in_port, context.now)
                                   : context.reassembly.add_ipv6(packet.mbuf, packet.in_port, context.now);
  switch (result.kind) {
    case Reassembled::Kind::taken:
      return Verdict::taken();
    case Reassembled::Kind::refused: {
      const auto& tell = result.refusal.tell;
      return tell ? Verdict::refuse(result.refusal.why, {icmp6::kParameterProblem, tell->code, tell->pointer})
                  : Verdict::drop(result.refusal.why);
    }
    case Reassembled::Kind::whole:
      break;
  }
  packet.mbuf = result.datagram;
  if (const auto why = parse_again(packet)) return Verdict::drop(*why);
  return std::nullopt;
}

void expire_fragments(Context& context) {
  context.reassembly.tick(context.now, [&](rte_mbuf* first, PortIndex in_port) {
    Packet packet{.mbuf = first, .in_port = in_port, .to_us = true};
    context.turn.begin_packet();
    if (context.service.pipeline.tells_senders && !parse_again(packet))
      send_icmp_error(context, packet,
                      packet.ip != nullptr ? icmp4::kReassemblyTimeExceeded : icmp6::kReassemblyTimeExceeded);
    context.pool.drop(first, DropReason::reassembly_timeout);
  });
}

}  // namespace stillwater::dataplane
