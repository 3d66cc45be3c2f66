// Reading IPv6 headers out of a frame that anybody may have made.
#pragma once

#include <optional>

#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

// Checks the fixed header behind the Ethernet header of packet.mbuf and the addresses in it, cuts link
// padding off, and fills `ip6`, `l4`, `l4_bytes` and `protocol`, as if there were no extension headers.
// Nothing outside the mbuf's first segment is read.
[[nodiscard]] std::optional<DropReason> parse_ipv6(Packet& packet);

// Fills `key6` and the TCP flags or ICMPv6 type, as parse_flow does, from the header at packet.l4: behind the
// extension headers.
[[nodiscard]] std::optional<DropReason> parse_flow6(Packet& packet);

// The flow that the headers of the IPv6 packet at `packet` name, of which `bytes` are there: before anybody
// has checked it, or where an error quotes it. Trusts nothing in it. Ports are those of the session that it
// is of, 0 as far as it is cut short. None: a fragment, or no transport header is there.
[[nodiscard]] std::optional<region::FlowKey6> flow6_at(const std::uint8_t* packet, unsigned bytes);

}  // namespace stillwater::dataplane
