// Sets of rules as bitmaps, each behind a summary, and the first rule that several sets have in common.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace stillwater::dataplane {

// A set of rules by their places; bit i of word w is place 64 w + i.
using RuleBits = std::vector<std::uint64_t>;

inline void add_place(RuleBits& set, std::uint32_t place) {
  set[place / 64] |= std::uint64_t{1} << place % 64;
}
inline void remove_place(RuleBits& set, std::uint32_t place) {
  set[place / 64] &= ~(std::uint64_t{1} << place % 64);
}

// Every set that a lookup may yield, each once, side by side: first a summary with a bit for each word that
// is not zero, then the words. Built by one thread; any thread may read what is not added to any more.
class RuleBitmaps {
 public:
  using Index = std::uint32_t;  // of a set

  // The sets of `rules` rules, in `bytes_max` at most.
  RuleBitmaps(std::size_t rules, std::size_t bytes_max)
      : words_((rules + 63) / 64),
        summaries_((words_ + 63) / 64),
        stride_(words_ + summaries_),
        words_max_(bytes_max / sizeof(std::uint64_t)) {}

  [[nodiscard]] RuleBits empty_set() const { return RuleBits(words_); }
  // The index of `set`, which is kept if it is new. Without room for it these sets are of no use.
  [[nodiscard]] Index add(const RuleBits& set);
  // Nothing is added any more. False: there was no room for all that was added.
  [[nodiscard]] bool seal();
  [[nodiscard]] std::size_t bytes() const { return bits_.size() * sizeof(std::uint64_t); }

  // The least place in all of the sets for which `accepts(place)`; kNone if there is none.
  static constexpr std::uint32_t kNone = 0xffff'ffff;
  template <std::size_t kSets, class Accepts>
  [[nodiscard]] std::uint32_t first_common(const std::array<Index, kSets>& sets,
                                           const Accepts& accepts) const {
    std::array<const std::uint64_t*, kSets> at;
    for (std::size_t i = 0; i < kSets; ++i) at[i] = bits_.data() + std::size_t{sets[i]} * stride_;
    for (std::size_t s = 0; s < summaries_; ++s) {
      for (std::uint64_t words = common(at, s); words != 0; words &= words - 1) {
        const std::size_t w = s * 64 + lowest(words);
        for (std::uint64_t places = common(at, summaries_ + w); places != 0; places &= places - 1) {
          const auto place = static_cast<std::uint32_t>(w * 64 + lowest(places));
          if (accepts(place)) return place;
        }
      }
    }
    return kNone;
  }

 private:
  template <std::size_t kSets>
  static std::uint64_t common(const std::array<const std::uint64_t*, kSets>& at, std::size_t word) {
    std::uint64_t all = at[0][word];
    for (std::size_t i = 1; i < kSets; ++i) all &= at[i][word];
    return all;
  }
  static unsigned lowest(std::uint64_t bits) { return static_cast<unsigned>(__builtin_ctzll(bits)); }

  std::size_t words_;
  std::size_t summaries_;
  std::size_t stride_;
  std::size_t words_max_;  // of bits_
  bool overflowed_ = false;
  std::vector<std::uint64_t> bits_;
  std::unordered_multimap<std::size_t, Index> known_;  // by the words' hash, while sets are added
};

}  // namespace stillwater::dataplane
