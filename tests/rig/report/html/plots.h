// The plots of the page, each an SVG element. Pure.
#pragma once

#include <string>
#include <vector>

#include "tests/rig/report/summary.h"

namespace stillwater::rig {

// The class that colours a system's marks: its place among all systems of the page.
[[nodiscard]] std::string colour_of(const std::string& system, const std::vector<std::string>& systems);

// The run with the longest gap; null: no run was measured.
[[nodiscard]] const RunRecord* worst_run(const Group& group);

// One system under one fault: the latency of the worst run above, a lane a repetition below. Empty where
// nothing was measured.
[[nodiscard]] std::string timeline_plot(const Group& group, const std::string& colour);

// Every outage of every system, a row a system, a block a fault, on one logarithmic scale.
[[nodiscard]] std::string outage_plot(const std::vector<Group>& groups, double limit_ms);

// Median and 99th percentile of the checkpoint pause of every run; empty where no system takes checkpoints.
[[nodiscard]] std::string pause_plot(const std::vector<Group>& groups);

}  // namespace stillwater::rig
