// Which faults a matrix strikes, and when: drawn from a seed. Pure.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "base/clock.h"

namespace stillwater::rig {

struct Draw {
  std::string first;  // as make_fault takes it; so is the second
  std::string second;
  Nanos offset{};       // of the second, whole milliseconds
  bool floods = false;  // the bridges, meanwhile
  // As schedule_faults reads it.
  [[nodiscard]] std::string schedule() const;
};

// All pairs of different faults of a menu, shuffled; after the last one, all of them anew. Which of a pair is
// first, the offset, and whether the bridges flood are drawn each time. One menu and seed, one order.
class Deck {
 public:
  // `menu` has two faults at least.
  Deck(std::vector<std::string> menu, Nanos offset_at_most, std::uint64_t seed);

  [[nodiscard]] Draw next();
  [[nodiscard]] std::size_t pairs() const { return menu_.size() * (menu_.size() - 1) / 2; }

 private:
  void shuffle();
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return numbers_() % bound; }

  std::vector<std::string> menu_;
  Nanos offset_at_most_;
  std::mt19937_64 numbers_;
  std::vector<std::pair<std::size_t, std::size_t>> left_;  // of this round; the last is next
};

}  // namespace stillwater::rig
