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
  layout.add(root_name(shard, "records"), StateClass::hard, std::uint64_t{bindings_max} * sizeof(Binding),
             sizeof(Binding));
  layout.add(root_name(shard, "index"), StateClass::hard,
             sizeof(BindingTableControl) + std::uint64_t{head_count(bindings_max)} * sizeof(BindingHead),
             sizeof(BindingHead));
}

BindingTable::BindingTable(const Region& region, unsigned shard) : region_(&region) {
  const Root records = region.root(root_name(shard, "records"));
  const Root index = region.root(root_name(shard, "index"));
  control_ = reinterpret_cast<const BindingTableControl*>(index.data);
  heads_ = reinterpret_cast<const BindingHead*>(index.data + sizeof(BindingTableControl));
  bindings_ = reinterpret_cast<const Binding*>(records.data);
  capacity_ = static_cast<std::uint32_t>(records.bytes / sizeof(Binding));
  const std::uint64_t heads = (index.bytes - sizeof(BindingTableControl)) / sizeof(BindingHead);
  head_mask_ = std::bit_floor(static_cast<std::uint32_t>(heads)) - 1;
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
    if (key_of(bindings_[slot], which) == key) return slot;
    reference = bindings_[slot].next[which];
  }
  return kNone;
}

std::uint32_t BindingTable::insert(Turn& turn, const BindingKey& internal, const BindingKey& external) {
  if (!has_room()) return kNone;
  std::uint32_t slot = 0;
  {
    Write<BindingTableControl> control(turn, *control_);
    ++control->in_use;
    if (control->free_slot == 0) {
      slot = control->fresh_slot++;
    } else {
      slot = control->free_slot - 1;
      control->free_slot = bindings_[slot].next_free;
    }
  }
  {
    auto binding = edit(turn, slot);
    Binding fresh{};
    fresh.internal = internal;
    fresh.external = external;
    fresh.in_use = 1;
    binding.assign(fresh);
  }
  link(turn, slot, 0);
  if (external.protocol != 0) link(turn, slot, 1);
  return slot;
}

void BindingTable::erase(Turn& turn, std::uint32_t slot) {
  unlink(turn, slot, 0);
  if (bindings_[slot].external.protocol != 0) unlink(turn, slot, 1);
  auto binding = edit(turn, slot);
  binding->in_use = 0;
  Write<BindingTableControl> control(turn, *control_);
  binding->next_free = control->free_slot;
  control->free_slot = slot + 1;
  --control->in_use;
}

void BindingTable::link(Turn& turn, std::uint32_t slot, unsigned which) {
  Write<BindingHead> head(turn, head_of(key_of(bindings_[slot], which)));
  edit(turn, slot)->next[which] = head->reference;
  head->reference = reference_of(slot, which);
}

void BindingTable::unlink(Turn& turn, std::uint32_t slot, unsigned which) {
  const std::uint32_t wanted = reference_of(slot, which);
  const BindingHead& head = head_of(key_of(bindings_[slot], which));
  const std::uint32_t following = bindings_[slot].next[which];
  if (head.reference == wanted) {
    Write<BindingHead>(turn, head)->reference = following;
    return;
  }
  for (std::uint32_t reference = head.reference; reference != 0;) {
    const std::uint32_t before = (reference - 1) >> 1;
    const unsigned side = (reference - 1) & 1;
    if (bindings_[before].next[side] == wanted) {
      edit(turn, before)->next[side] = following;
      return;
    }
    reference = bindings_[before].next[side];
  }
}

}  // namespace stillwater::region
