// What a matrix leaves: its strikes, a line each, and all of it as JSON. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/rig/matrix/promise.h"

namespace stillwater::rig {

struct MatrixReport {
  std::string scenario;
  std::string system;
  std::uint64_t seed = 0;
  std::vector<StrikeRecord> strikes;
  std::string failure;       // why it ended early; empty: it did not
  bool interrupted = false;  // likewise, by Ctrl-C

  [[nodiscard]] bool good() const;
};

// One line, and one for each reason of a bad one.
[[nodiscard]] std::string to_line(const StrikeRecord& record);
// How many strikes, how many of them bad, and how to see those again: `command`, with a seed and a number.
[[nodiscard]] std::string to_summary(const MatrixReport& report, const std::string& command);
[[nodiscard]] std::string to_json(const MatrixReport& report);

}  // namespace stillwater::rig
