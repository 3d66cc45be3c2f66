// The hash by which flows are spread over workers: receive-side scaling's Toeplitz hash with a key of period
// 16 bits, which gives both directions of a flow the same value (Woo and Park, "Scalable TCP Session
// Monitoring with Symmetric Receive-side Scaling", 2012). Devices that know RSS compute the same.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include <rte_byteorder.h>

namespace stillwater::dataplane {

inline constexpr std::uint16_t kFlowHashKeyWord = 0x6d5a;  // the key is this word, repeated

// Entries of the indirection table that maps hashes to workers; a device's own table repeats it.
inline constexpr unsigned kIndirections = 128;

namespace detail {

// With such a key the hash of the input is the hash of the exclusive or of its 16-bit words.
constexpr std::uint32_t toeplitz_word(std::uint16_t word) {
  constexpr std::uint32_t key = std::uint32_t{kFlowHashKeyWord} << 16 | kFlowHashKeyWord;
  std::uint32_t hash = 0;
  for (unsigned bit = 0; bit < 16; ++bit) {
    if ((word >> (15 - bit) & 1) == 0) continue;
    hash ^= bit == 0 ? key : key << bit | key >> (32 - bit);
  }
  return hash;
}

// Of a byte in the upper or the lower half of a word.
constexpr std::array<std::uint32_t, 256> toeplitz_bytes(unsigned shift) {
  std::array<std::uint32_t, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte)
    table[byte] = toeplitz_word(static_cast<std::uint16_t>(byte << shift));
  return table;
}

inline constexpr auto kUpper = toeplitz_bytes(8);
inline constexpr auto kLower = toeplitz_bytes(0);

}  // namespace detail

// Of addresses and ports in network byte order; without ports, of the addresses alone.
[[nodiscard]] inline std::uint32_t flow_hash(std::uint32_t a_be, std::uint32_t b_be,
                                             std::uint16_t a_port_be = 0, std::uint16_t b_port_be = 0) {
  const std::uint32_t addresses = a_be ^ b_be;
  const auto folded = static_cast<std::uint16_t>(addresses ^ addresses >> 16 ^ a_port_be ^ b_port_be);
  const std::uint16_t word = rte_be_to_cpu_16(folded);
  return detail::kUpper[word >> 8] ^ detail::kLower[word & 0xff];
}

// The same of IPv6.
using AddressBytes = std::array<std::uint8_t, 16>;
[[nodiscard]] inline std::uint32_t flow_hash(const AddressBytes& a, const AddressBytes& b,
                                             std::uint16_t a_port_be = 0, std::uint16_t b_port_be = 0) {
  std::uint64_t words[4];
  std::memcpy(words, a.data(), sizeof(a));
  std::memcpy(words + 2, b.data(), sizeof(b));
  const std::uint64_t all = words[0] ^ words[1] ^ words[2] ^ words[3];
  return flow_hash(static_cast<std::uint32_t>(all), static_cast<std::uint32_t>(all >> 32), a_port_be,
                   b_port_be);
}

// Which of `workers` (at least 1) a hash leads to.
[[nodiscard]] inline unsigned worker_of_hash(std::uint32_t hash, unsigned workers) {
  return hash % kIndirections % workers;
}

}  // namespace stillwater::dataplane
