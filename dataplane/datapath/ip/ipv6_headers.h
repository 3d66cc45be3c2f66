// The chain of IPv6 extension headers (RFC 8200 section 4).
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

// What an IPv6 packet carries.
struct UpperLayer {
  std::uint8_t protocol;
  const std::uint8_t* data;
  unsigned bytes;  // of the first segment; 0: it does not reach so far, or this is a later fragment
};

// Behind the extension headers, by their lengths alone.
[[nodiscard]] UpperLayer upper_layer_of(const Packet& packet);

// As the packet's destination has to: on to the upper layer, or to a Fragment header, which becomes `l4`,
// `l4_bytes` and `protocol`. Else what becomes of the packet (RFC 8200 sections 4.2 to 4.6, RFC 5095).
[[nodiscard]] std::optional<Verdict> walk_extension_headers(Packet& packet);

// As a firewall on the way has to: on to the transport header, which becomes `l4`, `l4_bytes` and `protocol`.
// What options say is their receivers' business. Else why the packet ends: a chain that is too long or cut
// short, a fragment (but for one that is a whole packet, RFC 6946), a routing header that is not used up,
// whose session would be with somebody else (RFC 5095 section 4.2).
[[nodiscard]] std::optional<DropReason> find_transport(Packet& packet);

}  // namespace stillwater::dataplane
