// Records of one kind that come and go, known by their slot.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "ckpt_engine/region/region.h"
#include "ckpt_engine/region/turn.h"

namespace stillwater::region {

// A pool's own bookkeeping: the first line of its root.
struct PoolControl {
  static constexpr StateClass kStateClass = StateClass::hard;

  std::uint32_t in_use;
  std::uint32_t free_slot;   // slot + 1, 0: none; a free record's first bytes name the next
  std::uint32_t fresh_slot;  // slots from here on were never used
  std::uint8_t reserved[52];
};
static_assert(sizeof(PoolControl) == kLineBytes && std::is_trivially_copyable_v<PoolControl>);

// A view: the region must outlive it. The owning worker writes; any thread may read while workers are
// quiesced. O(1).
template <Record T>
class Pool {
  static_assert(T::kStateClass == StateClass::hard,
                "a torn copy of the list of free slots would be of no use");
  static_assert(sizeof(T) >= sizeof(std::uint32_t) && alignof(T) <= kLineBytes);

 public:
  static constexpr std::uint32_t kNone = 0xffff'ffff;

  // Room for at least `records_max` records.
  static void add_root(Layout& layout, std::string_view name, std::uint32_t records_max) {
    layout.add(name, StateClass::hard, sizeof(PoolControl) + std::uint64_t{records_max} * sizeof(T),
               sizeof(T));
  }
  Pool(const Region& region, std::string_view name) {
    const Root root = region.root(name);
    control_ = reinterpret_cast<const PoolControl*>(root.data);
    records_ = reinterpret_cast<const T*>(root.data + sizeof(PoolControl));
    capacity_ = static_cast<std::uint32_t>((root.bytes - sizeof(PoolControl)) / sizeof(T));
  }

  // A slot with a record of zeroes; kNone if all are in use, nothing changed then.
  [[nodiscard]] std::uint32_t take(Turn& turn) {
    if (control_->free_slot == 0 && control_->fresh_slot == capacity_) return kNone;
    Write<PoolControl> control(turn, *control_);
    ++control->in_use;
    const bool fresh = control->free_slot == 0;
    const std::uint32_t slot = fresh ? control->fresh_slot++ : control->free_slot - 1;
    if (!fresh) std::memcpy(&control->free_slot, &records_[slot], sizeof(control->free_slot));
    edit(turn, slot).assign(T{});
    return slot;
  }
  // `slot` was taken; nobody may use it from here on.
  void give(Turn& turn, std::uint32_t slot) {
    Write<PoolControl> control(turn, *control_);
    const Write<T> record = edit(turn, slot);
    std::memcpy(static_cast<void*>(&*record), &control->free_slot, sizeof(control->free_slot));
    control->free_slot = slot + 1;
    --control->in_use;
  }

  [[nodiscard]] const T& at(std::uint32_t slot) const { return records_[slot]; }
  [[nodiscard]] Write<T> edit(Turn& turn, std::uint32_t slot) { return {turn, records_[slot]}; }
  [[nodiscard]] std::uint32_t in_use() const { return control_->in_use; }
  [[nodiscard]] std::uint32_t capacity() const { return capacity_; }

 private:
  const PoolControl* control_;
  const T* records_;
  std::uint32_t capacity_;
};

}  // namespace stillwater::region
