// The functions behind the nodes of graph/node.h.
#pragma once

#include "dataplane/datapath/context.h"
#include "dataplane/datapath/graph/node.h"
#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

#define X(name, about) [[nodiscard]] Verdict name(Context& context, Packet& packet);
STILLWATER_NODES(X)
#undef X

}  // namespace stillwater::dataplane
