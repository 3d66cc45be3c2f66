// Forwarding information base as workers read it: destination address to adjacency.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include <rte_byteorder.h>
#include <rte_fib.h>
#include <rte_fib6.h>

#include "dataplane/datapath/tables/adjacency.h"

namespace stillwater::dataplane {

// A view of tables that RouteTable owns and never changes while somebody may read them. Nothing that a
// lookup gave is kept past the turn.
//
// DPDK looks up by AVX512 where the processor has it and EAL was started with --force-max-simd-bitwidth=512
// (its default is 256); else by scalar code. A core of a Xeon of 2023 shared with other load looks 60 to 80
// million of 1,000,000 random destinations up a second in IPv4, with 1,000,000 routes, and 20 million of
// 200,000 in IPv6, with 200,000; in hugepages 70 to 110, and 17 to 24 (AVX512: 30 to 39). Addresses from
// 224.0.0.0 and from ff00:: on have no route.
class Fib {
 public:
  static constexpr unsigned kBurst = 64;
  using Indices = std::array<std::uint64_t, kBurst>;  // of groups

  Fib() = default;
  // `fib6` may be null: IPv6 has no routes then.
  Fib(rte_fib* fib4, rte_fib6* fib6, const AdjacencyGroup* groups)
      : fib4_(fib4), fib6_(fib6), groups_(groups) {}

  [[nodiscard]] const AdjacencyGroup& find(std::uint32_t destination_be) const {
    std::uint32_t destination = rte_be_to_cpu_32(destination_be);
    std::uint64_t index = 0;
    rte_fib_lookup_bulk(fib4_, &destination, &index, 1);
    return group(index);
  }
  [[nodiscard]] const AdjacencyGroup& find(const IpAddress& destination) const {
    if (destination.is_v4()) return find(destination.v4_be());
    Indices indices;
    lookup_burst(&destination, 1, indices);
    return group(indices[0]);
  }
  [[nodiscard]] const Adjacency& lookup(std::uint32_t destination_be, std::uint32_t flow_hash = 0) const {
    return find(destination_be).member(flow_hash);
  }
  [[nodiscard]] const Adjacency& lookup(const IpAddress& destination, std::uint32_t flow_hash = 0) const {
    return find(destination).member(flow_hash);
  }

  // `n` destinations, at most kBurst: of IPv4 as on the wire, or all of IPv6.
  void lookup_burst(const std::uint32_t* destinations_be, unsigned n, Indices& indices) const {
    std::uint32_t destinations[kBurst];
    for (unsigned i = 0; i < n; ++i) destinations[i] = rte_be_to_cpu_32(destinations_be[i]);
    rte_fib_lookup_bulk(fib4_, destinations, indices.data(), static_cast<int>(n));
  }
  void lookup_burst(const IpAddress* destinations, unsigned n, Indices& indices) const {
    static_assert(sizeof(IpAddress) == RTE_FIB6_IPV6_ADDR_SIZE);
    if (__builtin_expect(fib6_ == nullptr, 0)) return indices.fill(0);
    // DPDK only reads them, and says so nowhere.
    auto* bytes =
        reinterpret_cast<std::uint8_t(*)[RTE_FIB6_IPV6_ADDR_SIZE]>(const_cast<IpAddress*>(destinations));
    rte_fib6_lookup_bulk(fib6_, bytes, indices.data(), static_cast<int>(n));
  }
  [[nodiscard]] const AdjacencyGroup& group(std::uint64_t index) const { return groups_[index]; }
  [[nodiscard]] const Adjacency& at(std::uint64_t index, std::uint32_t flow_hash = 0) const {
    return groups_[index].member(flow_hash);
  }

 private:
  rte_fib* fib4_ = nullptr;
  rte_fib6* fib6_ = nullptr;
  const AdjacencyGroup* groups_ = nullptr;
};

// The FIB in force. Writer: the control plane; a worker reads it once a turn. Sequentially consistent: a
// worker that wakes says so in its gate, then reads this; the control plane writes this, then looks at the
// gate.
using PublishedFib = std::atomic<const Fib*>;

}  // namespace stillwater::dataplane
