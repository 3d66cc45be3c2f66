// Records of one kind in the order in which they came.
#pragma once

#include <cstdint>
#include <string_view>

#include "ckpt_engine/region/region.h"
#include "ckpt_engine/region/turn.h"

namespace stillwater::region {

// A ring's own bookkeeping: the first line of its root.
struct RingControl {
  static constexpr StateClass kStateClass = StateClass::hard;

  std::uint32_t first;  // place of the oldest record
  std::uint32_t count;
  std::uint8_t reserved[56];
};
static_assert(sizeof(RingControl) == kLineBytes && std::is_trivially_copyable_v<RingControl>);

// First in, first out. A view: the region must outlive it. The owning worker writes; any thread may read
// while workers are quiesced.
template <Record T>
class Ring {
  static_assert(T::kStateClass == StateClass::hard, "a torn copy of the ring's ends would be of no use");
  static_assert(alignof(T) <= kLineBytes);

 public:
  // Room for at least `records_max` records.
  static void add_root(Layout& layout, std::string_view name, std::uint32_t records_max) {
    layout.add(name, StateClass::hard, sizeof(RingControl) + std::uint64_t{records_max} * sizeof(T),
               sizeof(T));
  }
  Ring(const Region& region, std::string_view name) {
    const Root root = region.root(name);
    control_ = reinterpret_cast<const RingControl*>(root.data);
    records_ = reinterpret_cast<const T*>(root.data + sizeof(RingControl));
    capacity_ = static_cast<std::uint32_t>((root.bytes - sizeof(RingControl)) / sizeof(T));
  }

  // False if there is no room; nothing changed then.
  [[nodiscard]] bool push(Turn& turn, const T& record) {
    if (control_->count == capacity_) return false;
    Write<T>(turn, records_[place(control_->count)]).assign(record);
    ++Write<RingControl>(turn, *control_)->count;
    return true;
  }
  // The oldest record; null if there is none.
  [[nodiscard]] const T* front() const { return control_->count == 0 ? nullptr : &records_[control_->first]; }
  // Drops the oldest record, which there must be.
  void pop(Turn& turn) {
    Write<RingControl> control(turn, *control_);
    control->first = place(1);
    --control->count;
  }

  [[nodiscard]] std::uint32_t size() const { return control_->count; }
  [[nodiscard]] std::uint32_t capacity() const { return capacity_; }
  // The record that is `index` younger than the oldest.
  [[nodiscard]] const T& at(std::uint32_t index) const { return records_[place(index)]; }

 private:
  [[nodiscard]] std::uint32_t place(std::uint32_t index) const {
    const std::uint64_t place = std::uint64_t{control_->first} + index;
    return static_cast<std::uint32_t>(place < capacity_ ? place : place - capacity_);
  }

  const RingControl* control_;
  const T* records_;
  std::uint32_t capacity_;
};

}  // namespace stillwater::region
