// The failover benchmark's results for a terminal and as failover.json.
#pragma once

#include <string>
#include <vector>

#include "tests/rig/bench/figures.h"

namespace stillwater::rig {

[[nodiscard]] std::string to_table(const std::vector<BenchRow>& rows);

// As the other benchmarks have it (tests/bench/README.md). Figures in `before`, an earlier such file, that
// `rows` does not have are kept: a fault may be measured by itself. Each says when its run began.
[[nodiscard]] std::string to_json(const std::vector<BenchRow>& rows, const std::string& started,
                                  const std::string& before);

}  // namespace stillwater::rig
