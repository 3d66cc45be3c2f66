// The tables of the page, each an HTML fragment. Pure.
#pragma once

#include <string>
#include <vector>

#include "tests/rig/report/document.h"
#include "tests/rig/report/summary.h"

namespace stillwater::rig {

// The few figures that one run is about.
[[nodiscard]] std::string tiles_of(const RunRecord& run);

// The compared figures of one fault, a column a system: median, and worst where there are several
// repetitions. A system is ahead in a figure if each of its repetitions was better than each of every other.
[[nodiscard]] std::string side_by_side(const std::vector<Group>& groups, const std::string& fault);

// Every figure of one group with every raw value.
[[nodiscard]] std::string all_figures(const Group& group);

enum class Harm { none, some };
// A row a program of each run, of those that came to harm or of the others; empty where there is none.
[[nodiscard]] std::string table_of_programs(const Document& document, Harm harm);

// A row a run, with its verdict.
[[nodiscard]] std::string list_of_runs(const Document& document);

}  // namespace stillwater::rig
