// A burst of a router's, with a short way for plain packets.
#pragma once

#include <span>

#include "dataplane/datapath/context.h"
#include "dataplane/datapath/steering/exchange.h"

namespace stillwater::dataplane {

// Processes all packets, in their order. Those for which ipv4_input to ipv4_forward, or the same of IPv6,
// would find nothing but a known next hop on an untagged port are forwarded here: by the same checks, with
// one question to the FIB for all. The others go through the nodes. At most kLookAhead.
void forward_burst(Context& context, std::span<const Received> burst);

}  // namespace stillwater::dataplane
