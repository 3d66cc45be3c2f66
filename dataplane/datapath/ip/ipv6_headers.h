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

}  // namespace stillwater::dataplane
