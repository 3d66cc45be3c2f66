// Sends packets through the nodes.
#pragma once

#include "dataplane/datapath/context.h"
#include "dataplane/datapath/packet.h"
#include "dataplane/datapath/steering/exchange.h"

namespace stillwater::dataplane {

// Takes the packet from `node` to its end: `output`, `taken`, `drop` or `refuse`.
[[nodiscard]] Verdict run(Context& context, Packet& packet, Node node);

// The same for a context with a rehearsal, from the first node on; what its verdict says is noted and not
// carried out. The packet's buffer is freed.
void rehearse(Context& context, Packet& packet);

// The whole way of a received packet, with what its verdict says carried out.
void process(Context& context, Packet& packet);
// `expected`: what a look ahead found, or nothing.
void process(Context& context, const Received& received, region::SessionMatch expected);

}  // namespace stillwater::dataplane
