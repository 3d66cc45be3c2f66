// What may follow a telemetry command's comma: timeout_us=N,settle_us=N,limit_us=N,ports=0,1
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace stillwater::quiesce::plugin {

struct QuiesceRequest {
  Nanos timeout = 100ms;               // for the program to let go of its packets
  Nanos settle = 2ms;                  // this long without progress means: nothing more will come
  Nanos limit = 5s;                    // resume by itself after so long; 0: never
  std::vector<std::uint16_t> ports{};  // empty: all
};

// `text` may be null: no parameters. An error names the word at fault; what it quotes is printable and short.
[[nodiscard]] Result<QuiesceRequest> parse_quiesce(const char* text);

// For commands that take none.
[[nodiscard]] Status expect_nothing(const char* text);

}  // namespace stillwater::quiesce::plugin
