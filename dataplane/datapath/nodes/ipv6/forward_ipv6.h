// Where an IPv6 packet goes on the link.
#pragma once

#include "dataplane/datapath/context.h"
#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

// Fills `out_port` and `next_hop` of `packet`, which goes to `destination`: a link-local one on the link of
// `link_port`, any other along its route. False: no route leads there.
[[nodiscard]] bool find_next_hop_6(const Context& context, const IpAddress& destination, PortIndex link_port,
                                   Packet& packet);

// Along `route`, which leads to its destination: hop limit, MTU, next hop. Changes the packet only if it can
// go; else its sender is told why, where the function tells.
[[nodiscard]] Verdict forward_ipv6(const Context& context, Packet& packet, const Adjacency& route);

}  // namespace stillwater::dataplane
