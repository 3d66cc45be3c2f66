// Fragments to own addresses.
#pragma once

#include <optional>

#include "dataplane/datapath/context.h"
#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

// Takes the fragment. None: its datagram is whole now, and is packet.mbuf, a chain perhaps, to be parsed
// anew. Else what becomes of the fragment.
[[nodiscard]] std::optional<Verdict> reassemble(Context& context, Packet& packet);

// Gives up datagrams that did not become whole in time, and tells their senders (RFC 792, RFC 8200
// section 4.5). Once a turn.
void expire_fragments(Context& context);

}  // namespace stillwater::dataplane
