// A burst of a firewall's, with a short way for packets of established sessions.
#pragma once

#include <span>

#include "dataplane/datapath/context.h"
#include "dataplane/datapath/look_ahead.h"

namespace stillwater::dataplane {

// Processes all packets, in their order. Those for which the nodes from ethernet_input to session_forward
// would do no more than find an established session, whose state stays as it is and was committed, and a
// known next hop on an untagged port are forwarded here: by the same checks, with one question to the FIB for
// all. The others go through the nodes. At most kLookAhead. `ahead`: of this burst.
void forward_established(Context& context, std::span<const Received> burst, const LookAhead& ahead);

}  // namespace stillwater::dataplane
