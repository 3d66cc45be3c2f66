// Every figure of a real program, by the key that report.json has it under. REPORT.md documents them.
#pragma once

#include <span>
#include <string_view>

#include "tests/rig/report/figure.h"

namespace stillwater::rig {

struct ProgramFigure {
  std::string_view program;
  std::string_view key;
  std::string_view title;
  Unit unit;
  bool flag = false;  // 1 or 0: the title, or not the title
};

// In the order in which they are shown.
[[nodiscard]] std::span<const ProgramFigure> program_figures();

}  // namespace stillwater::rig
