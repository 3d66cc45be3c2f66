// Ethernet frames of a node's own at an interface of the kernel, beside those of whatever port is on it.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace stillwater {

struct PacketSocket {
  UniqueFd fd;                      // whole frames; non-blocking
  std::array<std::uint8_t, 6> mac;  // the interface's own
};

// Receives frames of that EtherType; what it sends bears kNodeFrameMark. Needs CAP_NET_RAW, and CAP_NET_ADMIN
// for the mark. Errors: invalid_argument (no such interface), io; failed_precondition, where the interface
// has `virtual_mac`, which is the leader's alone to send from.
[[nodiscard]] Result<PacketSocket> open_packet_socket(const std::string& interface, std::uint16_t ethertype,
                                                      const std::array<std::uint8_t, 6>& virtual_mac);

}  // namespace stillwater
