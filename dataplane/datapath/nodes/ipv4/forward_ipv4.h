// The last steps of an IPv4 packet that goes on, shared by all functions.
#pragma once

#include "dataplane/datapath/context.h"
#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

// Towards `destination_be` along `route`: time to live, MTU, next hop. Changes the packet only if it can go.
// It may not be longer than the MTU.
[[nodiscard]] Verdict forward_ipv4(const Context& context, Packet& packet, const Adjacency& route,
                                   std::uint32_t destination_be);

// Where `route` leads a packet to `destination` becomes packet.out_port and packet.next_hop.
inline void set_next_hop(Packet& packet, const Adjacency& route, const IpAddress& destination) {
  packet.out_port = route.port;
  packet.next_hop = route.kind == Adjacency::Kind::via ? route.next_hop : destination;
}

void decrement_ttl(rte_ipv4_hdr& ip);

}  // namespace stillwater::dataplane
