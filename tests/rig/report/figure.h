// Every figure that a report carries, by the key that report.json has it under. REPORT.md documents them.
#pragma once

#include <span>
#include <string_view>

namespace stillwater::rig {

enum class Unit { count, ms, us, bytes };
// What of a figure a reader hopes for; `neither` is a circumstance, not a result.
enum class Better { less, more, neither };

struct Figure {
  std::string_view key;
  std::string_view title;
  Unit unit;
  Better better;
  // Shown where systems are compared; the others are in report.json.
  bool compared;
};

// In the order of report.json.
[[nodiscard]] std::span<const Figure> figures();

[[nodiscard]] std::string_view text_of(Unit unit);  // "", "ms", "us", "B"

}  // namespace stillwater::rig
