// How nodes send what is not the packet in hand: pieces of it, answers, errors.
#pragma once

#include "dataplane/datapath/context.h"
#include "dataplane/datapath/rehearsal/rehearsal.h"

namespace stillwater::dataplane {

// To packet.out_port and packet.next_hop, when what the packet in hand depends on allows.
inline void send(Context& context, const Packet& packet) {
  if (context.rehearsal != nullptr) return context.rehearsal->leaves(context, packet);
  context.output.forward(packet, context.turn.depends_epoch());
}

// A complete frame that reveals nothing but the configuration.
inline void send_frame(Context& context, PortIndex port, rte_mbuf* frame) {
  if (context.rehearsal != nullptr) return context.rehearsal->answers(context, port, frame);
  context.output.send_frame(port, frame);
}

}  // namespace stillwater::dataplane
