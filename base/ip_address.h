// Addresses and prefixes of both families.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace stillwater {

// As on the wire. An IPv4 address is its mapped form ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2), which no
// packet may carry: one comparison serves both families. All zero: none.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};

  [[nodiscard]] static constexpr IpAddress v4(std::uint32_t address_be) {
    IpAddress address;
    address.bytes[10] = address.bytes[11] = 0xff;
    const auto octets = std::bit_cast<std::array<std::uint8_t, 4>>(address_be);
    for (std::size_t i = 0; i < octets.size(); ++i) address.bytes[12 + i] = octets[i];
    return address;
  }
  [[nodiscard]] static IpAddress v6(const void* sixteen_bytes) {
    IpAddress address;
    std::memcpy(address.bytes.data(), sixteen_bytes, address.bytes.size());
    return address;
  }

  [[nodiscard]] bool is_v4() const { return high() == 0 && low_half(0) == kMapped; }
  [[nodiscard]] std::uint32_t v4_be() const { return low_half(1); }
  [[nodiscard]] bool is_none() const { return *this == IpAddress{}; }
  // ff00::/8.
  [[nodiscard]] bool is_multicast() const { return bytes[0] == 0xff; }
  // fe80::/10.
  [[nodiscard]] bool is_link_local() const { return bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80; }

  friend bool operator==(const IpAddress& a, const IpAddress& b) {
    return std::memcmp(a.bytes.data(), b.bytes.data(), a.bytes.size()) == 0;
  }
  friend auto operator<=>(const IpAddress& a, const IpAddress& b) { return a.bytes <=> b.bytes; }

 private:
  static constexpr std::uint32_t kMapped =
      std::bit_cast<std::uint32_t>(std::array<std::uint8_t, 4>{0, 0, 0xff, 0xff});

  [[nodiscard]] std::uint64_t high() const {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof(word));
    return word;
  }
  [[nodiscard]] std::uint32_t low_half(unsigned which) const {
    std::uint32_t word;
    std::memcpy(&word, bytes.data() + 8 + 4 * which, sizeof(word));
    return word;
  }
};

// The first `length` bits of an address: 0..32 of an IPv4 one, 0..128 of an IPv6 one.
struct IpPrefix {
  IpAddress address{};
  std::uint8_t length = 0;

  [[nodiscard]] bool is_v4() const { return address.is_v4(); }
  [[nodiscard]] bool contains(const IpAddress& other) const {
    if (other.is_v4() != is_v4()) return false;
    const unsigned bits = length + (is_v4() ? 96u : 0u);
    const unsigned whole = bits / 8;
    if (std::memcmp(address.bytes.data(), other.bytes.data(), whole) != 0) return false;
    const auto mask = static_cast<std::uint8_t>(0xff00u >> bits % 8);
    return bits % 8 == 0 || ((address.bytes[whole] ^ other.bytes[whole]) & mask) == 0;
  }
  // Without the bits past its length.
  [[nodiscard]] IpPrefix network() const {
    IpPrefix prefix = *this;
    const unsigned bits = length + (is_v4() ? 96u : 0u);
    for (unsigned bit = bits; bit < 128; ++bit)
      prefix.address.bytes[bit / 8] =
          static_cast<std::uint8_t>(prefix.address.bytes[bit / 8] & ~(0x80u >> bit % 8));
    return prefix;
  }

  friend auto operator<=>(const IpPrefix&, const IpPrefix&) = default;
};

}  // namespace stillwater
