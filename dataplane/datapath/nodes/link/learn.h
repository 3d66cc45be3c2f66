// What the links' nodes learn of neighbours.
#pragma once

#include <optional>

#include <rte_ether.h>

#include "dataplane/datapath/context.h"

namespace stillwater::dataplane {

// `address` on `port` is at `mac`. Packets that waited for it go.
void learn(Context& context, PortIndex port, const IpAddress& address, const rte_ether_addr& mac);

[[nodiscard]] bool is_mac_of(const region::Neighbour& neighbour, const rte_ether_addr& mac);
// None of none.
[[nodiscard]] std::optional<rte_ether_addr> mac_of(const region::Neighbour* neighbour);

}  // namespace stillwater::dataplane
