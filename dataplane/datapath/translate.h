// Rewriting a packet's addresses and ports, with every checksum that covers them.
#pragma once

#include "ckpt_engine/region/session_table.h"
#include "dataplane/datapath/flow.h"
#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

// The tuple that a packet of this direction leaves with: what the other side's answer has, reversed.
[[nodiscard]] region::FlowKey tuple_after(const region::Session& session, region::Direction direction);

// Gives the packet the tuple `after`; `packet.key` is what it has now. Checksums are updated incrementally.
void translate(Packet& packet, const region::FlowKey& after);

}  // namespace stillwater::dataplane
