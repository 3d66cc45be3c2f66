// Columns that line up, and numbers that can be read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace stillwater::mgmt::cli {

enum class Align : std::uint8_t { left, right };

struct Column {
  std::string title;
  Align align = Align::left;
};

// Title line and one line a row, each indented by two spaces and ended by a newline; columns are as wide as
// their widest cell. Every row has a cell for each column.
[[nodiscard]] std::string table(const std::vector<Column>& columns,
                                const std::vector<std::vector<std::string>>& rows);

[[nodiscard]] std::string grouped(std::uint64_t number);  // 1234567 as "1,234,567"

// A measured value with three digits at least: "0.42", "46.1", "1,204".
[[nodiscard]] std::string measured(double value);

[[nodiscard]] std::string span(double seconds);  // "42 s", "12m 05s", "3h 10m", "2d 04h"

}  // namespace stillwater::mgmt::cli
