// Packets that were parsed once, and waited.
#pragma once

#include <optional>

#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

// Fills what the family's parser fills, by packet.mbuf alone, whose ethertype says the family.
[[nodiscard]] std::optional<DropReason> parse_again(Packet& packet);

}  // namespace stillwater::dataplane
