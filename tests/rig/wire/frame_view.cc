#include "tests/rig/wire/frame_view.h"

#include <cstring>

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/ether.h>
#include <netinet/in.h>

#include <fmt/format.h>

namespace stillwater::rig {
namespace {

constexpr std::size_t kEthernetBytes = 14;
constexpr std::size_t kTagBytes = 4;
constexpr std::size_t kArpBytes = 28;
constexpr std::size_t kIpv4Bytes = 20;
constexpr std::size_t kUdpBytes = 8;
constexpr std::uint16_t kArpReply = 2;

std::uint16_t be16(std::span<const std::byte> bytes, std::size_t at) {
  return static_cast<std::uint16_t>(std::to_integer<unsigned>(bytes[at]) << 8U |
                                    std::to_integer<unsigned>(bytes[at + 1]));
}

template <class Address>
Address address_at(std::span<const std::byte> bytes, std::size_t at) {
  Address address{};
  std::memcpy(address.data(), bytes.data() + at, address.size());
  return address;
}

void read_arp(std::span<const std::byte> bytes, FrameView& view) {
  if (bytes.size() < kArpBytes || be16(bytes, 2) != ETHERTYPE_IP) return;
  view.arp = {address_at<Ipv4Address>(bytes, 14), address_at<Ipv4Address>(bytes, 24),
              be16(bytes, 6) == kArpReply};
}

void read_transport(std::span<const std::byte> bytes, FrameView& view) {
  const bool udp = view.ipv4->protocol == IPPROTO_UDP;
  if ((!udp && view.ipv4->protocol != IPPROTO_TCP) || bytes.size() < kUdpBytes) return;
  view.ports = {be16(bytes, 0), be16(bytes, 2)};
  const std::size_t said = udp ? be16(bytes, 4) : 0;
  if (said < kUdpBytes) return;
  view.udp_payload = bytes.subspan(kUdpBytes, std::min(said, bytes.size()) - kUdpBytes);
}

void read_ipv4(std::span<const std::byte> bytes, FrameView& view) {
  if (bytes.size() < kIpv4Bytes) return;
  const std::size_t header = (std::to_integer<std::size_t>(bytes[0]) & 0xfU) * 4;
  const bool version_4 = std::to_integer<unsigned>(bytes[0]) >> 4U == 4;
  if (!version_4 || header < kIpv4Bytes || bytes.size() < header) return;
  view.ipv4 = {address_at<Ipv4Address>(bytes, 12), address_at<Ipv4Address>(bytes, 16),
               std::to_integer<std::uint8_t>(bytes[9])};
  const bool later_fragment = (be16(bytes, 6) & 0x1fffU) != 0;
  if (!later_fragment) read_transport(bytes.subspan(header), view);
}

}  // namespace

Result<MacAddress> parse_mac(const std::string& text) {
  ether_addr parsed{};
  if (ether_aton_r(text.c_str(), &parsed) == nullptr) {
    return fail(Errc::invalid_argument, "'" + text + "' is no MAC address");
  }
  MacAddress address{};
  std::memcpy(address.data(), &parsed, address.size());
  return address;
}

Result<Ipv4Address> parse_ipv4(const std::string& text) {
  Ipv4Address address{};
  if (inet_pton(AF_INET, text.c_str(), address.data()) != 1) {
    return fail(Errc::invalid_argument, "'" + text + "' is no IPv4 address");
  }
  return address;
}

std::string to_text(const MacAddress& address) { return fmt::format("{:02x}", fmt::join(address, ":")); }
std::string to_text(const Ipv4Address& address) { return fmt::format("{}", fmt::join(address, ".")); }

std::optional<FrameView> FrameView::parse(std::span<const std::byte> bytes) {
  if (bytes.size() < kEthernetBytes) return std::nullopt;
  FrameView view;
  view.destination = address_at<MacAddress>(bytes, 0);
  view.source = address_at<MacAddress>(bytes, 6);
  std::uint16_t type = be16(bytes, 12);
  std::span<const std::byte> rest = bytes.subspan(kEthernetBytes);
  if (type == ETHERTYPE_VLAN && rest.size() >= kTagBytes) {
    type = be16(rest, 2);
    rest = rest.subspan(kTagBytes);
  }
  if (type == ETHERTYPE_ARP) read_arp(rest, view);
  if (type == ETHERTYPE_IP) read_ipv4(rest, view);
  return view;
}

}  // namespace stillwater::rig
