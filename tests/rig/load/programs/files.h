// Files that programs carry, and what came of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace stillwater::rig {

// Empty where there is none.
[[nodiscard]] std::string text_of(const std::string& path);

// At least `bytes` bytes of numbered messages, no two alike, so that a byte in a wrong place is a wrong byte.
[[nodiscard]] Status write_numbered(const std::string& path, std::uint64_t bytes);

struct Comparison {
  std::uint64_t bytes = 0;                  // of what was got
  bool complete = false;                    // as long as what was served
  std::optional<std::uint64_t> wrong_at{};  // the first byte that differs, or that was never served
};
// Both files exist, else nothing was got.
[[nodiscard]] Comparison compare_files(const std::string& served, const std::string& got);

}  // namespace stillwater::rig
