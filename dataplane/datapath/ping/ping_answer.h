// What comes back on an echo request of ours.
#pragma once

#include <optional>

#include "dataplane/datapath/context.h"
#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

// `packet` is an ICMP or ICMPv6 message to an own address, its first 8 octets at packet.l4. Where it is the
// reply to the request that is awaited, or an error about it, with a right checksum, that request's asker has
// it and the node has taken the packet. Else none, and nothing happened.
[[nodiscard]] std::optional<Verdict> take_ping_answer(Context& context, const Packet& packet);

// `frame` is given up, since its next hop does not answer. Where it is the request, its asker is told: host
// or address unreachable, from the request's own source.
void tell_own_ping(Context& context, rte_mbuf* frame);

}  // namespace stillwater::dataplane
