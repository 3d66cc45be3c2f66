// Durations as operators write them.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace stillwater::mgmt::cli {

// Reads a number with its unit: "100us", "1.5ms", "2s", "250000ns". invalid_argument says what was expected.
[[nodiscard]] Result<Nanos> parse_duration(std::string_view text);

// The same the other way, in the largest unit of which it holds one: "1ms", "1.5ms", "250us".
[[nodiscard]] std::string format_duration(Nanos duration);

}  // namespace stillwater::mgmt::cli
