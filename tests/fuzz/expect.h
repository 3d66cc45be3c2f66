// How a harness says that an invariant does not hold: as a crash, which every fuzzer understands.
#pragma once

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <utility>

#include "base/result.h"

namespace stillwater::fuzz {

// A call, where a loop over bytes would be slow under sanitizers.
inline bool equal(std::span<const std::byte> a, std::span<const std::byte> b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

inline void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

template <class T>
T must(Result<T> made) {
  expect(made.has_value(), "there is memory to fuzz in");
  return std::move(*made);
}

}  // namespace stillwater::fuzz

// What each harness is. Returns 0; any input is valid.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t bytes);
