// Reading IPv4 headers out of a frame that anybody may have made.
#pragma once

#include <optional>

#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

// Checks the IPv4 header behind the Ethernet header of packet.mbuf, cuts link padding off, and fills `ip`,
// `l4` and `l4_bytes`. Nothing outside the mbuf's first segment is read.
[[nodiscard]] std::optional<DropReason> parse_ipv4(Packet& packet);

[[nodiscard]] bool is_fragment(const rte_ipv4_hdr& ip);

// Fills `key` and the TCP flags or ICMP type from a parsed header of TCP, UDP or ICMP. For ICMP other than
// echo the key's ports are 0.
[[nodiscard]] std::optional<DropReason> parse_flow(Packet& packet);

}  // namespace stillwater::dataplane
