// Reading IPv4 headers out of a frame that anybody may have made.
#pragma once

#include <optional>

#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

// Checks the IPv4 header behind the Ethernet header of packet.mbuf, cuts link padding off, and fills `ip`,
// `l4` and `l4_bytes`. Nothing outside the mbuf's first segment is read.
[[nodiscard]] std::optional<DropReason> parse_ipv4(Packet& packet);

// Multicast, reserved and broadcast, loopback, "this network": by the first octet.
[[nodiscard]] inline bool is_martian(std::uint32_t address_be) {
  const std::uint32_t first = address_be & 0xff;  // on a little-endian host
  return first >= 0xe0 || first == 127 || first == 0;
}

[[nodiscard]] bool is_fragment(const rte_ipv4_hdr& ip);

// Fills `key` and the TCP flags or ICMP type from a parsed header of TCP, UDP, ICMP, GRE or ESP. Of ICMP
// other than echo, of GRE and of ESP the key's ports are 0: their sessions are by address.
[[nodiscard]] std::optional<DropReason> parse_flow(Packet& packet);

}  // namespace stillwater::dataplane
