// The report for a terminal.
#pragma once

#include <string>

#include "tests/rig/report/document.h"
#include "tests/rig/report/figure.h"

namespace stillwater::rig {

// One run: its figures and its verdict. Several: a table a fault, a column a system, median and worst.
[[nodiscard]] std::string to_table(const Document& document);

// "44.6 ms", "1.21 s", "330": three digits or so, in the unit that reads best.
[[nodiscard]] std::string shown(Unit unit, double value);

// A round value without needless digits: "50 us", "2 ms".
[[nodiscard]] std::string on_axis(Unit unit, double value);

}  // namespace stillwater::rig
