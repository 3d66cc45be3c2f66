// Echo requests from the dataplane's own addresses: the question and the answer, as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/ip_address.h"

namespace stillwater::dataplane {

struct PingRequest {
  static constexpr std::uint16_t kPayloadMax = 9000;
  static constexpr Nanos kTimeoutMax = 60s;

  IpAddress destination{};            // not ours, and no group; a router's may be of IPv6
  std::optional<IpAddress> source{};  // an own address of the same family; else the one towards the next hop
  std::string port{};                 // of a link-local destination: the port on whose link it is
  std::uint16_t payload_bytes = 56;   // 0..kPayloadMax; what is longer than the MTU leaves in fragments
  std::uint8_t ttl = 64;              // or hop limit: 1..255
  bool dont_fragment = false;
  Nanos timeout = 1s;  // 1 ms .. kTimeoutMax
};

struct PingReply {
  enum class Kind : std::uint8_t {
    reply,
    unreachable,  // as an error says; `from` an own address: the next hop answers no ARP or ND
    time_exceeded,
    packet_too_big,  // for `mtu`; `from` an own address: it was not sent
    other_error,
  };

  Kind kind = Kind::reply;
  IpAddress from{};
  IpAddress source{};       // of the request
  Nanos round_trip{0};      // to within a turn of a worker
  std::uint8_t ttl = 0;     // or hop limit with which the answer arrived; 0: it is our own word
  std::uint32_t bytes = 0;  // of the answer's ICMP message, 8 of them its header
  std::uint8_t type = 0;    // of ICMP or ICMPv6
  std::uint8_t code = 0;
  std::uint32_t mtu = 0;  // of packet_too_big
};

[[nodiscard]] const char* name_of(PingReply::Kind kind);

}  // namespace stillwater::dataplane
