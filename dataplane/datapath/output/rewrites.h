// Link headers of next hops, as they were found last.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include <rte_mbuf.h>

#include "ckpt_engine/region/neighbour_table.h"
#include "dataplane/datapath/output/resolver.h"
#include "dataplane/datapath/tables/adjacency.h"
#include "dataplane/datapath/tables/service.h"

namespace stillwater::dataplane {

// What a packet gets in front of it on an untagged port.
struct LinkHeader {
  std::array<std::uint8_t, 2 * RTE_ETHER_ADDR_LEN> macs;  // destination, source
  PortIndex device;
  std::uint16_t mtu;

  void write_to(rte_mbuf& frame) const {
    std::memcpy(rte_pktmbuf_mtod(&frame, void*), macs.data(), macs.size());
  }
};

// A cache in front of the neighbours: what it says holds for the turn. Belongs to one worker's thread.
class Rewrites {
 public:
  Rewrites(const Service& service, const region::NeighbourTable& neighbours, Resolver& resolver)
      : service_(service), neighbours_(neighbours), resolver_(resolver) {}

  void begin_turn(Instant now, std::uint32_t region_now_s) {
    now_ = now;
    region_now_s_ = region_now_s;
    stamp_ = std::uint64_t{neighbours_.changes()} << 32 | region_now_s;
  }

  // Of packets along `adjacency`, which is `via`. Null: the neighbour is not known, or the port is a VLAN.
  [[nodiscard]] const LinkHeader* find(const Adjacency& adjacency) {
    return find(entries_[reinterpret_cast<std::uintptr_t>(&adjacency) / sizeof(Adjacency) % kEntries],
                adjacency.port, adjacency.next_hop);
  }
  // Of packets to a neighbour.
  [[nodiscard]] const LinkHeader* find(PortIndex port, const IpAddress& neighbour) {
    std::uint64_t halves[2];
    static_assert(sizeof(halves) == sizeof(neighbour.bytes));
    std::memcpy(halves, neighbour.bytes.data(), sizeof(halves));
    constexpr std::uint64_t kSpread = 0x9e37'79b9'7f4a'7c15;
    return find(neighbour_entries_[(halves[0] ^ halves[1]) * kSpread >> 55], port, neighbour);
  }

 private:
  static constexpr std::size_t kEntries = 512;

  struct Entry {
    std::uint64_t stamp = 0;
    IpAddress next_hop{};
    LinkHeader header{};
    PortIndex port = 0;
    bool usable = false;
  };
  [[nodiscard]] const LinkHeader* find(Entry& entry, PortIndex port, const IpAddress& next_hop) {
    if (__builtin_expect(entry.stamp != stamp_ || entry.port != port || entry.next_hop != next_hop, 0))
      fill(entry, port, next_hop);
    return entry.usable ? &entry.header : nullptr;
  }
  void fill(Entry& entry, PortIndex port, const IpAddress& next_hop);
  [[nodiscard]] bool is_known(PortIndex port, const IpAddress& neighbour, LinkHeader& header);

  const Service& service_;
  const region::NeighbourTable& neighbours_;
  Resolver& resolver_;
  Instant now_{0};
  std::uint32_t region_now_s_ = 0;
  std::uint64_t stamp_ = ~std::uint64_t{0};
  std::array<Entry, kEntries> entries_;
  std::array<Entry, kEntries> neighbour_entries_;
};

// A neighbour older than this is asked again while it goes on being used (RFC 4861 section 10).
inline constexpr std::uint32_t kNeighbourFreshSeconds = 30;

}  // namespace stillwater::dataplane
