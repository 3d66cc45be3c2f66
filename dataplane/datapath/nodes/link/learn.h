// What the links' nodes learn of neighbours.
#pragma once

#include <optional>

#include <rte_ether.h>

#include "dataplane/datapath/context.h"

namespace stillwater::dataplane {

// `address` on `port` is at `mac`. Packets that waited for it go; a next hop that is watched has answered.
void learn(Context& context, PortIndex port, const IpAddress& address, const rte_ether_addr& mac);
// Whether word of it is awaited, by packets or by those who watch.
[[nodiscard]] bool is_asked_for(const Context& context, PortIndex port, const IpAddress& address);

[[nodiscard]] bool is_mac_of(const region::Neighbour& neighbour, const rte_ether_addr& mac);
// None of none.
[[nodiscard]] std::optional<rte_ether_addr> mac_of(const region::Neighbour* neighbour);

}  // namespace stillwater::dataplane
