// By what packets of one flow choose the same of several next hops (RFC 2992).
#pragma once

#include <cstdint>

#include <rte_mbuf.h>

#include "dataplane/datapath/tables/adjacency.h"

namespace stillwater::dataplane {

// Uniform over 32 bits: of addresses and protocol, and of the ports of TCP and UDP where every packet of the
// flow has them. Fragments have none, so those of one datagram stay together, apart from their flow perhaps.
// An IP header lies behind the Ethernet header of `frame`, whole.
[[nodiscard]] std::uint32_t flow_choice(const rte_mbuf& frame);

// Which of `group` the packet takes. Most have one, and no packet pays for a choice that it does not have.
[[nodiscard]] inline const Adjacency& choose(const AdjacencyGroup& group, const rte_mbuf& frame) {
  return group.count == 1 ? group.first : group.member(flow_choice(frame));
}

}  // namespace stillwater::dataplane
