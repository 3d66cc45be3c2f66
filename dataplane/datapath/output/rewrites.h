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
    Entry& entry = entries_[reinterpret_cast<std::uintptr_t>(&adjacency) / sizeof(Adjacency) % kEntries];
    if (__builtin_expect(
            entry.stamp != stamp_ || entry.port != adjacency.port || entry.next_hop != adjacency.next_hop, 0))
      fill(entry, adjacency.port, adjacency.next_hop);
    return entry.usable ? &entry.header : nullptr;
  }
  // Of packets to a neighbour, without the cache. False: as null above.
  [[nodiscard]] bool find(PortIndex port, const IpAddress& neighbour, LinkHeader& header);

 private:
  static constexpr std::size_t kEntries = 512;

  struct Entry {
    std::uint64_t stamp = 0;
    IpAddress next_hop{};
    LinkHeader header{};
    PortIndex port = 0;
    bool usable = false;
  };
  void fill(Entry& entry, PortIndex port, const IpAddress& next_hop);

  const Service& service_;
  const region::NeighbourTable& neighbours_;
  Resolver& resolver_;
  Instant now_{0};
  std::uint32_t region_now_s_ = 0;
  std::uint64_t stamp_ = ~std::uint64_t{0};
  std::array<Entry, kEntries> entries_;
};

// A neighbour older than this is asked again while it goes on being used (RFC 4861 section 10).
inline constexpr std::uint32_t kNeighbourFreshSeconds = 30;

}  // namespace stillwater::dataplane
