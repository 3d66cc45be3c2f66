// What the verdict asks of the loads beyond connections and loss of probes. Pure.
#pragma once

#include <string>
#include <vector>

#include "tests/rig/report/measurements.h"

namespace stillwater::rig {

// Why the run is bad; empty: it is not, as far as these loads go.
[[nodiscard]] std::vector<std::string> wrong_with_load(const Measurements& measured);

}  // namespace stillwater::rig
