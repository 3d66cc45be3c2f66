// Which NAT ports of one address and protocol are taken.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "ckpt_engine/region/region.h"
#include "ckpt_engine/region/turn.h"

namespace stillwater::region {

struct PortWord {
  static constexpr StateClass kStateClass = StateClass::hard;
  std::uint64_t taken;  // bit i: port 64 * index + i
};

// A view of 65,536 bits, one of those that lie in a root side by side. The owning worker writes.
class PortBitmap {
 public:
  static constexpr std::size_t kBytes = 65536 / 8;

  // A root for `count` bitmaps.
  static void add_root(Layout& layout, std::string_view name, std::size_t count = 1) {
    layout.add(name, StateClass::hard, count * kBytes, sizeof(PortWord));
  }
  PortBitmap(const Region& region, std::string_view name, std::size_t index = 0)
      : words_(reinterpret_cast<const PortWord*>(region.root(name).data + index * kBytes)) {}

  [[nodiscard]] bool taken(std::uint16_t port) const {
    return (words_[port / 64].taken >> (port % 64) & 1) != 0;
  }

  // Takes the first free port at or after `start`, going round within [first, last]. Bounded by the range.
  [[nodiscard]] std::optional<std::uint16_t> take(Turn& turn, std::uint16_t first, std::uint16_t last,
                                                  std::uint16_t start);
  void give(Turn& turn, std::uint16_t port) {
    Write<PortWord>(turn, words_[port / 64])->taken &= ~(std::uint64_t{1} << (port % 64));
  }

 private:
  const PortWord* words_;
};

}  // namespace stillwater::region
