// Packets that leave in pieces.
#pragma once

#include "dataplane/datapath/context.h"
#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

// Cuts a packet that goes to packet.out_port and packet.next_hop into fragments of at most `mtu` octets, and
// sends them in their order. One that may not be cut is refused. An IPv6 packet has to be of our own making.
[[nodiscard]] Verdict send_fragments(Context& context, Packet& packet, std::uint16_t mtu);

}  // namespace stillwater::dataplane
