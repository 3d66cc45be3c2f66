// Frames made by hand.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "tests/rig/wire/frame_view.h"

namespace stillwater::rig::frames {

using Bytes = std::vector<std::byte>;

inline MacAddress mac(std::uint8_t last) { return {0x02, 0, 0, 0, 0, last}; }

inline void put16(Bytes& bytes, unsigned value) {
  bytes.push_back(static_cast<std::byte>(value >> 8U));
  bytes.push_back(static_cast<std::byte>(value & 0xffU));
}

template <class Address>
void put(Bytes& bytes, const Address& address) {
  for (const std::uint8_t byte : address) bytes.push_back(static_cast<std::byte>(byte));
}

inline Bytes ethernet(const MacAddress& destination, const MacAddress& source, std::uint16_t type) {
  Bytes bytes;
  put(bytes, destination);
  put(bytes, source);
  put16(bytes, type);
  return bytes;
}

inline constexpr MacAddress kEveryone{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

// operation 1: request, 2: reply
inline Bytes arp(const MacAddress& source, const std::string& sender, const std::string& target,
                 unsigned operation = 1) {
  Bytes bytes = ethernet(kEveryone, source, 0x0806);
  for (const unsigned value : {1U, 0x0800U, 0x0604U, operation}) put16(bytes, value);
  put(bytes, source);
  put(bytes, parse_ipv4(sender).value());
  put(bytes, MacAddress{});
  put(bytes, parse_ipv4(target).value());
  return bytes;
}

// The Internet checksum of the 20 bytes at `at`, whose own checksum field is 0; put into that field.
inline void finish_ipv4_header(Bytes& bytes, std::size_t at) {
  unsigned sum = 0;
  for (std::size_t i = at; i < at + 20; i += 2) {
    sum += std::to_integer<unsigned>(bytes[i]) << 8U | std::to_integer<unsigned>(bytes[i + 1]);
  }
  sum = (sum & 0xffffU) + (sum >> 16U);
  sum = ~(sum + (sum >> 16U));
  bytes[at + 10] = static_cast<std::byte>(sum >> 8U & 0xffU);
  bytes[at + 11] = static_cast<std::byte>(sum & 0xffU);
}

// The payload is the number, little-endian. No UDP checksum: IPv4 may go without.
inline Bytes udp(const MacAddress& source, const std::string& from, const std::string& to,
                 std::uint16_t destination_port, std::uint32_t number, std::uint16_t source_port = 5000,
                 const MacAddress& destination = kEveryone) {
  Bytes bytes = ethernet(destination, source, 0x0800);
  for (const unsigned value : {0x4500U, 32U, 0U, 0U, 0x4011U, 0U}) put16(bytes, value);
  put(bytes, parse_ipv4(from).value());
  put(bytes, parse_ipv4(to).value());
  // A bridge that filters would drop a wrong one.
  finish_ipv4_header(bytes, 14);
  for (const unsigned value : {unsigned{source_port}, unsigned{destination_port}, 12U, 0U})
    put16(bytes, value);
  for (unsigned shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<std::byte>(number >> shift));
  return bytes;
}

}  // namespace stillwater::rig::frames
