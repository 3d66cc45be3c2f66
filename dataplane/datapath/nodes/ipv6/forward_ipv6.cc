#include "dataplane/datapath/nodes/ipv6/forward_ipv6.h"

namespace stillwater::dataplane {

bool find_next_hop_6(const Context& context, const IpAddress& destination, PortIndex link_port,
                     Packet& packet) {
  if (destination.is_link_local()) {
    packet.out_port = link_port;
    packet.next_hop = destination;
    return true;
  }
  const Adjacency& route = context.fib().lookup(destination);
  if (!route.forwards()) return false;
  packet.out_port = route.port;
  packet.next_hop = route.kind == Adjacency::Kind::via ? route.next_hop : destination;
  return true;
}

}  // namespace stillwater::dataplane
