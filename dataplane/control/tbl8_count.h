// How many of DPDK's tables of 256 entries (tbl8) a set of prefixes needs.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "dataplane/control/address_hash.h"

namespace stillwater::dataplane {

// Both FIBs look the first 24 bits up in one table. Prefixes beyond that share a tbl8 if they agree in those
// bits; of IPv6 there is another one below for each 8 bits more. One family, one control thread.
class Tbl8Count {
 public:
  explicit Tbl8Count(std::uint32_t max) : max_(max) {}

  // False, and nothing changes: more than `max` would be needed.
  [[nodiscard]] bool add(const IpPrefix& prefix) {
    for (unsigned length = deepest(prefix); length >= kFirst; length -= 8)
      if (entries_[table(prefix, length)]++ != 0) break;
    if (entries_.size() <= max_) return true;
    remove(prefix);
    return false;
  }
  void remove(const IpPrefix& prefix) {
    for (unsigned length = deepest(prefix); length >= kFirst; length -= 8) {
      const auto entry = entries_.find(table(prefix, length));
      if (--entry->second != 0) return;
      entries_.erase(entry);
    }
  }
  [[nodiscard]] std::uint32_t max() const { return max_; }

 private:
  static constexpr unsigned kFirst = 24;

  [[nodiscard]] static unsigned deepest(const IpPrefix& prefix) {
    return prefix.length <= kFirst ? 0 : (prefix.length - 1u) / 8 * 8;
  }
  [[nodiscard]] static IpPrefix table(const IpPrefix& prefix, unsigned length) {
    return IpPrefix{prefix.address, static_cast<std::uint8_t>(length)}.network();
  }

  std::uint32_t max_;
  std::unordered_map<IpPrefix, std::uint32_t, PrefixHash> entries_;  // prefixes and tables right below each
};

}  // namespace stillwater::dataplane
