#include "tests/rig/matrix/draw.h"

#include <utility>

#include <fmt/format.h>

namespace stillwater::rig {

std::string Draw::schedule() const { return fmt::format("{} + {}@{}ms", first, second, offset / 1ms); }

Deck::Deck(std::vector<std::string> menu, Nanos offset_at_most, std::uint64_t seed)
    : menu_(std::move(menu)), offset_at_most_(offset_at_most), numbers_(seed) {}

// The standard's shuffle and distributions differ between libraries, a remainder does not.
void Deck::shuffle() {
  for (std::size_t a = 0; a < menu_.size(); ++a) {
    for (std::size_t b = a + 1; b < menu_.size(); ++b) left_.emplace_back(a, b);
  }
  for (std::size_t i = left_.size(); i > 1; --i) std::swap(left_[i - 1], left_[below(i)]);
}

Draw Deck::next() {
  if (left_.empty()) shuffle();
  auto [a, b] = left_.back();
  left_.pop_back();
  if (below(2) == 1) std::swap(a, b);
  const auto steps = static_cast<std::uint64_t>(offset_at_most_ / 1ms) + 1;
  const auto offset = std::chrono::milliseconds(below(steps));
  return {.first = menu_[a], .second = menu_[b], .offset = offset, .floods = below(2) == 1};
}

}  // namespace stillwater::rig
