// How many instructions a piece of code takes, without a performance counter: virtual machines seldom have
// one.
#pragma once

#include <cstdint>
#include <functional>

#include "base/result.h"

namespace stillwater::bench {

// Runs `code` in a forked child, one instruction at a time (about 3 us each), and counts. The child sees a
// copy of this process's memory and only this thread.
[[nodiscard]] Result<std::uint64_t> count_instructions(const std::function<void()>& code);

}  // namespace stillwater::bench
