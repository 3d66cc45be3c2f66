// Monotonic counters of one worker that survive a takeover.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "ckpt_engine/region/region.h"
#include "ckpt_engine/region/turn.h"

namespace stillwater::region {

// Soft: an epoch's staleness loses what was counted since the last soft shipment.
struct Counter {
  static constexpr StateClass kStateClass = StateClass::soft;
  std::uint64_t value;
};

// A view of `count` counters. The worker counts in memory of its own and adds the sums here now and then;
// any thread may read.
class Counters {
 public:
  static void add_root(Layout& layout, unsigned shard, std::size_t count) {
    layout.add(name(shard), StateClass::soft, count * sizeof(Counter), sizeof(Counter));
  }
  Counters(const Region& region, unsigned shard)
      : values_(reinterpret_cast<const Counter*>(region.root(name(shard)).data)) {}

  void add(Turn& turn, std::size_t index, std::uint64_t n) {
    std::atomic_ref(Write<Counter>(turn, values_[index])->value).fetch_add(n, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t read(std::size_t index) const {
    return std::atomic_ref(const_cast<std::uint64_t&>(values_[index].value)).load(std::memory_order_relaxed);
  }

 private:
  static std::string name(unsigned shard) { return "counters." + std::to_string(shard); }
  const Counter* values_;
};

}  // namespace stillwater::region
