// A FIB of DPDK's, as the control plane writes it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include <rte_fib.h>
#include <rte_fib6.h>
#include <rte_rib.h>
#include <rte_rib6.h>

#include "base/ip_address.h"
#include "base/result.h"

namespace stillwater::dataplane {

struct Ipv4Family {
  using Fib = rte_fib;
  using Node = rte_rib_node;
  static constexpr unsigned kSpine = 3;             // 224.0.0.0/3 is not routed
  static constexpr std::uint32_t kTbl8Max = 32704;  // 15 bits, and room to spare
};
struct Ipv6Family {
  using Fib = rte_fib6;
  using Node = rte_rib6_node;
  static constexpr unsigned kSpine = 8;  // ff00::/8 is not routed
  static constexpr std::uint32_t kTbl8Max = 1u << 24;
};

// What it was made for. The caller counts: what fits is written.
struct PrefixTableSize {
  std::uint32_t prefixes;
  std::uint32_t tbl8;  // see Tbl8Count
};

// Prefixes and their values, 0 where none covers. Written while nobody looks up.
//
// DPDK 22.11 has faults that this works around:
//   - a FIB whose prefixes reach the end of the address space without a gap is overwritten whole when what
//   covers
//     them is. Nothing that ends there is written: what covers the end (the spine: 0.0.0.0/0, 128.0.0.0/1,
//     ...) is written as those of its halves that do not (the pieces: 0.0.0.0/1, 128.0.0.0/2, ...), and what
//     lies in the last part, which is multicast, not at all;
//   - rte_fib does not reserve a tbl8 for a prefix that is added with the value of what covers it, and frees
//   that
//     reservation all the same. It is added with another value first;
//   - rte_fib6 reserves without ever freeing. A prefix is added with the value of what covers it first, for
//     which it reserves nothing;
//   - both say that all went well when a value could not be replaced.
template <class Family>
class PrefixTable {
 public:
  using Value = std::uint16_t;  // 15 bits

  // Errors: resource_exhausted (DPDK's memory).
  [[nodiscard]] static Result<PrefixTable> create(const PrefixTableSize& size);
  // Of DPDK's memory, about.
  [[nodiscard]] static std::uint64_t bytes(const PrefixTableSize& size);

  // 0 takes the prefix out. It has no bits past its length. False: DPDK refused, and what the table holds is
  // not known.
  [[nodiscard]] bool write(const IpPrefix& prefix, Value value);

  [[nodiscard]] typename Family::Fib* get() const { return fib_.get(); }

 private:
  struct Free {
    void operator()(typename Family::Fib* fib) const;
  };
  PrefixTable() = default;
  [[nodiscard]] bool write_piece(unsigned ones);
  [[nodiscard]] bool put(const IpPrefix& prefix, Value value);
  [[nodiscard]] typename Family::Node* longest_match(const IpPrefix& prefix) const;

  std::unique_ptr<typename Family::Fib, Free> fib_;
  // By the number of leading ones of the address. 0: no prefix there.
  std::array<Value, Family::kSpine> spine_{};
  std::array<Value, Family::kSpine> pieces_{};
};

}  // namespace stillwater::dataplane
