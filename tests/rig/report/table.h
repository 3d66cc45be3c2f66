// The report for a terminal.
#pragma once

#include <string>

#include "tests/rig/report/document.h"
#include "tests/rig/report/figure.h"

namespace stillwater::rig {

// One run: its figures and its verdict. Several: a table a fault, a column a system, median and worst.
[[nodiscard]] std::string to_table(const Document& document);

// "44.6 ms", "1.21 s", "12.5 MB", "330": three digits or so, in the unit that reads best.
[[nodiscard]] std::string shown(Unit unit, double value);
// Open: it is more than that.
[[nodiscard]] std::string shown(Unit unit, double value, bool open);

// "12.5 MB arrived, 3 segments sent again; nothing arrived"
[[nodiscard]] std::string in_words(const std::string& program, const ProgramOutcome& outcome);

// A round value without needless digits: "50 us", "2 ms".
[[nodiscard]] std::string on_axis(Unit unit, double value);

}  // namespace stillwater::rig
