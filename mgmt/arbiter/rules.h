// What an arbiter record may be, and what a swap of records may do. The witness enforces it; a client holds
// the witness's answers against it.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/arbiter.h"
#include "base/result.h"

namespace stillwater::mgmt::arbiter {

inline constexpr std::size_t kNameBytesAtMost = 63;
inline constexpr std::size_t kInSyncAtMost = 2;

// All of them fail with invalid_argument, and say what is wrong and what was expected.

// 1 to 63 letters, digits, '.', '_' or '-', the first a letter or digit: such a name is a file's name too.
[[nodiscard]] Status check_pair_name(std::string_view pair);

// The empty record in term 0; in any other term one or two well-named nodes in sync, the active among them.
[[nodiscard]] Status check_record(const ArbiterRecord& record);

// Both are records, and the term goes up by one.
[[nodiscard]] Status check_swap(const ArbiterRecord& expected, const ArbiterRecord& next);

}  // namespace stillwater::mgmt::arbiter
