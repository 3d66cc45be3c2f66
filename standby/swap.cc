#include "standby/swap.h"

#include <algorithm>
#include <iterator>

#include <immintrin.h>

namespace stillwater::standby {
namespace {

constexpr std::size_t kLine = 64;

void swap_portably(std::byte* mine, std::byte* theirs, std::size_t bytes) {
  swap_differing<std::uint64_t>(mine, theirs, bytes);
}

// A line with a difference is stored whole on both sides: what is equal is the same either way, and a store
// under a mask is slower than one without. A line without one is not written, so that it stays clean.
__attribute__((target("avx2"))) void swap_by_avx2(std::byte* mine, std::byte* theirs, std::size_t bytes) {
  for (std::size_t at = 0; at < bytes; at += kLine) {
    auto* const a = reinterpret_cast<__m256i*>(mine + at);
    auto* const b = reinterpret_cast<__m256i*>(theirs + at);
    const __m256i a0 = _mm256_loadu_si256(a), a1 = _mm256_loadu_si256(a + 1);
    const __m256i b0 = _mm256_loadu_si256(b), b1 = _mm256_loadu_si256(b + 1);
    const __m256i differing = _mm256_or_si256(_mm256_xor_si256(a0, b0), _mm256_xor_si256(a1, b1));
    if (_mm256_testz_si256(differing, differing) != 0) continue;
    _mm256_storeu_si256(a, b0);
    _mm256_storeu_si256(a + 1, b1);
    _mm256_storeu_si256(b, a0);
    _mm256_storeu_si256(b + 1, a1);
  }
}

}  // namespace

const LineSwap kLineSwapImplementations[kLineSwaps] = {
    {"avx2", [] { return __builtin_cpu_supports("avx2") != 0; }, swap_by_avx2},
    {"portable", [] { return true; }, swap_portably},
};

void swap_lines(std::byte* mine, std::byte* theirs, std::size_t bytes) {
  static const auto best =
      std::find_if(std::begin(kLineSwapImplementations), std::end(kLineSwapImplementations),
                   [](const LineSwap& swap) { return swap.is_supported(); });
  best->swap(mine, theirs, bytes);
}

}  // namespace stillwater::standby
