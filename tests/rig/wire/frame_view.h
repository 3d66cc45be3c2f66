// What the rig reads of an Ethernet frame. It never trusts a length: what does not fit is not there.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"

namespace stillwater::rig {

using MacAddress = std::array<std::uint8_t, 6>;
using Ipv4Address = std::array<std::uint8_t, 4>;

// "02:53:57:00:01:01", "10.80.1.1"; invalid_argument for anything else.
[[nodiscard]] Result<MacAddress> parse_mac(const std::string& text);
[[nodiscard]] Result<Ipv4Address> parse_ipv4(const std::string& text);
[[nodiscard]] std::string to_text(const MacAddress& address);
[[nodiscard]] std::string to_text(const Ipv4Address& address);

// Views into the frame's bytes; past one VLAN tag. IPv4 only.
struct FrameView {
  struct Arp {
    Ipv4Address sender;
    Ipv4Address target;
    bool reply;
  };
  struct Ipv4 {
    Ipv4Address source;
    Ipv4Address destination;
    std::uint8_t protocol;
  };
  struct Ports {  // of UDP or TCP, in an unfragmented packet or a first fragment
    std::uint16_t source;
    std::uint16_t destination;
  };

  // Nothing where there is not even an Ethernet header.
  [[nodiscard]] static std::optional<FrameView> parse(std::span<const std::byte> bytes);

  MacAddress source{};
  MacAddress destination{};
  std::optional<Arp> arp{};
  std::optional<Ipv4> ipv4{};
  std::optional<Ports> ports{};
  std::span<const std::byte> udp_payload{};  // as far as it was captured; empty: no UDP
};

}  // namespace stillwater::rig
