// IPv4 neighbours of all ports: address and port to MAC address.
#pragma once

#include <array>
#include <cstdint>

#include "ckpt_engine/region/region.h"
#include "ckpt_engine/region/turn.h"

namespace stillwater::region {

// Soft: a stale neighbour costs one ARP exchange after a takeover. Copies may be torn, hence the check word.
struct Neighbour {
  static constexpr StateClass kStateClass = StateClass::soft;

  std::uint32_t address_be;  // 0: the entry is empty
  std::uint16_t port;
  std::array<std::uint8_t, 6> mac;
  std::uint32_t learned_s;  // region time
  std::uint8_t reserved[12];
  std::uint32_t check;  // XXH32 of what stands before it
};
static_assert(sizeof(Neighbour) == 32 && std::is_trivially_copyable_v<Neighbour>);

// A set-associative table, two lines a set; the oldest entry of a full set gives way. The owning worker
// writes.
class NeighbourTable {
 public:
  static void add_root(Layout& layout, unsigned shard, std::uint32_t neighbours_max);
  NeighbourTable(const Region& region, unsigned shard);

  // Null if unknown.
  [[nodiscard]] const Neighbour* find(std::uint16_t port, std::uint32_t address_be) const;
  void learn(Turn& turn, std::uint16_t port, std::uint32_t address_be,
             const std::array<std::uint8_t, 6>& mac);
  // Drops entries whose check word says that their copy was torn; returns how many. Once after a takeover.
  unsigned scrub(Turn& turn);

 private:
  static constexpr unsigned kWays = 4;
  [[nodiscard]] const Neighbour* set_of(std::uint16_t port, std::uint32_t address_be) const;

  const Neighbour* entries_;
  std::uint32_t set_mask_;
};

}  // namespace stillwater::region
