// An echo request of ours.
#pragma once

#include <cstdint>

#include "base/ip_address.h"
#include "dataplane/datapath/packet.h"

namespace stillwater::dataplane {

// What an answer has in common with its request. Words as on the wire.
struct Echo {
  IpAddress source{};
  IpAddress destination{};
  std::uint16_t identifier_be = 0;
  std::uint16_t sequence_be = 0;

  friend bool operator==(const Echo&, const Echo&) = default;
};

struct EchoOrder {
  static constexpr std::uint16_t kPayloadMax = 9000;

  Echo echo{};                      // `source` is ours
  PortIndex link_port = 0;          // of a link-local destination
  std::uint16_t payload_bytes = 0;  // 0..kPayloadMax
  std::uint8_t hops = 64;           // time to live or hop limit
  bool dont_fragment = false;
};

struct EchoSent {
  enum class Outcome : std::uint8_t {
    sent,
    no_route,           // to another node
    too_big,            // for `mtu`, and not to be cut
    cannot_cut,         // too many fragments, or no buffers for them
    identifier_in_use,  // a session of ours has it with the destination
    no_buffer,
  };
  Outcome outcome = Outcome::sent;
  std::uint16_t mtu = 0;
};

}  // namespace stillwater::dataplane
