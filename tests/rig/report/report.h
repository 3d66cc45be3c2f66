// What a run's result looks like: report.json and the table for people.
#pragma once

#include <string>

#include "base/result.h"
#include "tests/rig/report/measurements.h"
#include "tests/rig/report/verdict.h"

namespace stillwater::rig {

// Keys are documented in tests/rig/README.md. Figures of a system that takes no checkpoints are null.
[[nodiscard]] std::string to_json(const Measurements& measured, const Verdict& verdict);

[[nodiscard]] std::string to_table(const Measurements& measured, const Verdict& verdict);

[[nodiscard]] Status write_file(const std::string& path, const std::string& text);

}  // namespace stillwater::rig
