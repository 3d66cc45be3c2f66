#include "ckpt_engine/region/neighbour_table.h"

#include <algorithm>
#include <bit>
#include <string>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace stillwater::region {
namespace {

std::string root_name(unsigned shard) { return "neighbours." + std::to_string(shard); }
std::uint32_t check_of(const Neighbour& n) { return XXH32(&n, offsetof(Neighbour, check), 0); }

}  // namespace

void NeighbourTable::add_root(Layout& layout, unsigned shard, std::uint32_t neighbours_max) {
  const std::uint32_t sets = std::bit_ceil((neighbours_max + kWays - 1) / kWays);
  layout.add(root_name(shard), StateClass::soft, std::uint64_t{sets} * kWays * sizeof(Neighbour),
             sizeof(Neighbour));
}

NeighbourTable::NeighbourTable(const Region& region, unsigned shard) {
  const Root root = region.root(root_name(shard));
  entries_ = reinterpret_cast<const Neighbour*>(root.data);
  set_mask_ = std::bit_floor(static_cast<std::uint32_t>(root.bytes / sizeof(Neighbour) / kWays)) - 1;
}

const Neighbour* NeighbourTable::set_of(std::uint16_t port, const IpAddress& address) const {
  return &entries_[(XXH3_64bits_withSeed(&address, sizeof(address), port) & set_mask_) * kWays];
}

const Neighbour* NeighbourTable::find(std::uint16_t port, const IpAddress& address) const {
  const Neighbour* set = set_of(port, address);
  for (unsigned i = 0; i < kWays; ++i)
    if (set[i].address == address && set[i].port == port) return &set[i];
  return nullptr;
}

void NeighbourTable::learn(Turn& turn, std::uint16_t port, const IpAddress& address,
                           const std::array<std::uint8_t, 6>& mac) {
  const Neighbour* entry = find(port, address);
  if (entry == nullptr) {
    const Neighbour* set = set_of(port, address);
    entry = std::min_element(set, set + kWays, [](const Neighbour& a, const Neighbour& b) {
      return (a.address.is_none() ? 0 : a.learned_s + 1) < (b.address.is_none() ? 0 : b.learned_s + 1);
    });
  }
  ++changes_;
  Write<Neighbour> write(turn, *entry);
  *write = Neighbour{.address = address, .port = port, .mac = mac, .learned_s = turn.now_s(), .check = 0};
  write->check = check_of(*write);
}

void NeighbourTable::forget(Turn& turn, std::uint16_t port, const IpAddress& address) {
  const Neighbour* entry = find(port, address);
  if (entry == nullptr) return;
  ++changes_;
  *Write<Neighbour>(turn, *entry) = Neighbour{};
}

unsigned NeighbourTable::scrub(Turn& turn) {
  unsigned dropped = 0;
  ++changes_;
  const std::uint32_t entries = (set_mask_ + 1) * kWays;
  for (const Neighbour* entry = entries_; entry != entries_ + entries; ++entry) {
    if (entry->address.is_none() || entry->check == check_of(*entry)) continue;
    *Write<Neighbour>(turn, *entry) = Neighbour{};
    ++dropped;
  }
  return dropped;
}

}  // namespace stillwater::region
