// The end of packets whose next hop does not answer.
#pragma once

#include "dataplane/datapath/context.h"

namespace stillwater::dataplane {

// The neighbour is forgotten, the packets are dropped as `neighbour_unresolved`, and their senders are told
// where the function tells (RFC 1812 section 5.2.7.1, RFC 4861 section 7.2.2).
void give_up(Context& context, const Resolver::Unanswered& unanswered);

}  // namespace stillwater::dataplane
