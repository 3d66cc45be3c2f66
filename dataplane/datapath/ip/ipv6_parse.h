// Reading IPv6 headers out of a frame that anybody may have made.
#pragma once

#include <optional>

#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

// Checks the fixed header behind the Ethernet header of packet.mbuf and the addresses in it, cuts link
// padding off, and fills `ip6`, `l4`, `l4_bytes` and `protocol`, as if there were no extension headers.
// Nothing outside the mbuf's first segment is read.
[[nodiscard]] std::optional<DropReason> parse_ipv6(Packet& packet);

}  // namespace stillwater::dataplane
