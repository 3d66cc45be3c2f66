// Neighbours of all ports: port and address of either family to MAC address.
#pragma once

#include <array>
#include <cstdint>

#include "base/ip_address.h"
#include "ckpt_engine/region/region.h"
#include "ckpt_engine/region/turn.h"

namespace stillwater::region {

// Soft: a stale neighbour costs one question by ARP or ND after a takeover. Copies may be torn, hence the
// check word.
struct Neighbour {
  static constexpr StateClass kStateClass = StateClass::soft;

  IpAddress address;  // none: the entry is empty
  std::uint16_t port;
  std::array<std::uint8_t, 6> mac;
  std::uint32_t learned_s;  // region time
  std::uint32_t check;      // XXH32 of what stands before it
};
static_assert(sizeof(Neighbour) == 32 && std::is_trivially_copyable_v<Neighbour>);

// A set-associative table, two lines a set; the oldest entry of a full set gives way. The owning worker
// writes.
class NeighbourTable {
 public:
  static void add_root(Layout& layout, unsigned shard, std::uint32_t neighbours_max);
  NeighbourTable(const Region& region, unsigned shard);

  // Null if unknown.
  [[nodiscard]] const Neighbour* find(std::uint16_t port, const IpAddress& address) const;
  void learn(Turn& turn, std::uint16_t port, const IpAddress& address,
             const std::array<std::uint8_t, 6>& mac);
  // Does nothing about one that is unknown.
  void forget(Turn& turn, std::uint16_t port, const IpAddress& address);
  // Grows with every entry that is learned or dropped here; this process's alone.
  [[nodiscard]] std::uint32_t changes() const { return changes_; }
  // Drops entries whose check word says that their copy was torn; returns how many. Once after a takeover.
  unsigned scrub(Turn& turn);

 private:
  static constexpr unsigned kWays = 4;
  [[nodiscard]] const Neighbour* set_of(std::uint16_t port, const IpAddress& address) const;

  const Neighbour* entries_;
  std::uint32_t set_mask_;
  std::uint32_t changes_ = 0;
};

}  // namespace stillwater::region
