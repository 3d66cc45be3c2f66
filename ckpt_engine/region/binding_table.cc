#include "ckpt_engine/region/binding_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace stillwater::region {
namespace {

std::string root_name(unsigned shard, const char* part) {
  return "bindings." + std::to_string(shard) + "." + part;
}

// Two keys a binding, about one a chain at capacity.
std::uint32_t head_count(std::uint32_t bindings_max) {
  return std::bit_ceil(std::max<std::uint32_t>(16, bindings_max * 2));
}

const BindingKey& key_of(const Binding& binding, unsigned which) {
  return which == 0 ? binding.internal : binding.external;
}

}  // namespace

void BindingTable::add_roots(Layout& layout, unsigned shard, std::uint32_t bindings_max) {
  Pool<Binding>::add_root(layout, root_name(shard, "records"), bindings_max);
  layout.add(root_name(shard, "index"), StateClass::hard,
             std::uint64_t{head_count(bindings_max)} * sizeof(BindingHead), sizeof(BindingHead));
}

BindingTable::BindingTable(const Region& region, unsigned shard)
    : region_(&region), bindings_(region, root_name(shard, "records")) {
  const Root index = region.root(root_name(shard, "index"));
  heads_ = reinterpret_cast<const BindingHead*>(index.data);
  head_mask_ = std::bit_floor(static_cast<std::uint32_t>(index.bytes / sizeof(BindingHead))) - 1;
}

// Seeded with the region's id, as the session table is.
const BindingHead& BindingTable::head_of(const BindingKey& key) const {
  std::uint64_t seed = 0;
  std::memcpy(&seed, region_->header().region_id.data(), sizeof(seed));
  return heads_[static_cast<std::uint32_t>(XXH3_64bits_withSeed(&key, sizeof(key), seed)) & head_mask_];
}

std::uint32_t BindingTable::find(const BindingKey& key) const {
  std::uint32_t reference = head_of(key).reference;
  while (reference != 0) {
    const std::uint32_t slot = (reference - 1) >> 1;
    const unsigned which = (reference - 1) & 1;
    if (key_of(at(slot), which) == key) return slot;
    reference = at(slot).next[which];
  }
  return kNone;
}

std::uint32_t BindingTable::insert(Turn& turn, const BindingKey& internal, const BindingKey& external) {
  const std::uint32_t slot = bindings_.take(turn);
  if (slot == kNone) return kNone;
  {
    auto binding = edit(turn, slot);
    binding->internal = internal;
    binding->external = external;
    binding->in_use = 1;
  }
  link(turn, slot, 0);
  if (external.protocol != 0) link(turn, slot, 1);
  return slot;
}

void BindingTable::erase(Turn& turn, std::uint32_t slot) {
  unlink(turn, slot, 0);
  if (at(slot).external.protocol != 0) unlink(turn, slot, 1);
  edit(turn, slot)->in_use = 0;
  bindings_.give(turn, slot);
}

void BindingTable::link(Turn& turn, std::uint32_t slot, unsigned which) {
  Write<BindingHead> head(turn, head_of(key_of(at(slot), which)));
  edit(turn, slot)->next[which] = head->reference;
  head->reference = reference_of(slot, which);
}

void BindingTable::unlink(Turn& turn, std::uint32_t slot, unsigned which) {
  const std::uint32_t wanted = reference_of(slot, which);
  const BindingHead& head = head_of(key_of(at(slot), which));
  const std::uint32_t following = at(slot).next[which];
  if (head.reference == wanted) {
    Write<BindingHead>(turn, head)->reference = following;
    return;
  }
  for (std::uint32_t reference = head.reference; reference != 0;) {
    const std::uint32_t before = (reference - 1) >> 1;
    const unsigned side = (reference - 1) & 1;
    if (at(before).next[side] == wanted) {
      edit(turn, before)->next[side] = following;
      return;
    }
    reference = at(before).next[side];
  }
}

}  // namespace stillwater::region
