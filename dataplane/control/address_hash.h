// Hashes of addresses and prefixes, for the control plane's tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/ip_address.h"

namespace stillwater::dataplane {

[[nodiscard]] inline std::uint64_t hash_of(const IpAddress& address, std::uint64_t seed) {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
  std::uint64_t words[2];
  std::memcpy(words, address.bytes.data(), sizeof(words));
  std::uint64_t hash = (seed + 1) * kOdd;
  for (const std::uint64_t word : words) {
    hash = (hash ^ word) * kOdd;
    hash ^= hash >> 29;
  }
  return hash;
}

struct PrefixHash {
  [[nodiscard]] std::size_t operator()(const IpPrefix& prefix) const {
    return hash_of(prefix.address, prefix.length);
  }
};

}  // namespace stillwater::dataplane
