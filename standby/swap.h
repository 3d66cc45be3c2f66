// Words that differ are swapped between two pieces of memory (mission P3, P4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace stillwater::standby {

// Swaps the words of N bytes in which `mine` and `theirs` differ; returns how many. Doing it again restores
// both. `bytes` is a multiple of sizeof(Word). On any processor.
template <class Word = std::uint64_t>
std::size_t swap_differing(std::byte* mine, std::byte* theirs, std::size_t bytes) {
  std::size_t swapped = 0;
  for (std::size_t at = 0; at < bytes; at += sizeof(Word)) {
    Word a, b;
    std::memcpy(&a, mine + at, sizeof(Word));
    std::memcpy(&b, theirs + at, sizeof(Word));
    if (a == b) continue;
    std::memcpy(mine + at, &b, sizeof(Word));
    std::memcpy(theirs + at, &a, sizeof(Word));
    ++swapped;
  }
  return swapped;
}

// The same for whole lines of 64 bytes and words of 8, by the widest vectors that this processor has.
void swap_lines(std::byte* mine, std::byte* theirs, std::size_t bytes);

// Its implementations, for whoever compares them.
struct LineSwap {
  const char* name;
  bool (*is_supported)();
  void (*swap)(std::byte* mine, std::byte* theirs, std::size_t bytes);
};
inline constexpr std::size_t kLineSwaps = 2;
extern const LineSwap kLineSwapImplementations[kLineSwaps];  // the best first

}  // namespace stillwater::standby
