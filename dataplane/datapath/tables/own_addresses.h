// A set of addresses that nearly nothing asked for is in.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/ip_address.h"

namespace stillwater::dataplane {

// A word of bits answers most questions. Immutable once filled; any thread.
class OwnAddresses {
 public:
  void add(const IpAddress& address) {
    bits_ |= bit_of(last_word(address));
    addresses_.push_back(address);
  }
  // No false answer is no.
  [[nodiscard]] bool may_contain4(std::uint32_t address_be) const {
    return (bits_ & bit_of(address_be)) != 0;
  }
  [[nodiscard]] bool may_contain6(const IpAddress& address) const {
    return (bits_ & bit_of(last_word(address))) != 0;
  }
  [[nodiscard]] bool contains4(std::uint32_t address_be) const {
    return may_contain4(address_be) && holds(IpAddress::v4(address_be));
  }
  [[nodiscard]] bool contains6(const IpAddress& address) const {
    return may_contain6(address) && holds(address);
  }

 private:
  static std::uint32_t last_word(const IpAddress& address) {
    std::uint32_t word;
    std::memcpy(&word, &address.bytes[12], sizeof(word));
    return word;
  }
  static std::uint64_t bit_of(std::uint32_t word) { return std::uint64_t{1} << (word * 0x9e3779b1u >> 26); }
  [[nodiscard]] bool holds(const IpAddress& address) const {
    return std::find(addresses_.begin(), addresses_.end(), address) != addresses_.end();
  }

  std::uint64_t bits_ = 0;
  std::vector<IpAddress> addresses_;
};

// The same of MACs, as words; a hint alone.
class OwnMacs {
 public:
  void add(std::uint64_t mac_word) { bits_ |= bit_of(mac_word); }
  // No false answer is no.
  [[nodiscard]] bool may_contain(std::uint64_t mac_word) const { return (bits_ & bit_of(mac_word)) != 0; }

 private:
  static std::uint64_t bit_of(std::uint64_t mac_word) {
    return std::uint64_t{1} << (mac_word * 0x9e3779b97f4a7c15u >> 58);
  }

  std::uint64_t bits_ = 0;
};

}  // namespace stillwater::dataplane
