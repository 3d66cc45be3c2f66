// What must hold before anything is started.
#pragma once

#include <string>
#include <vector>

#include "tests/rig/demo/options.h"

namespace stillwater::rig {

// One line for each thing that stands in the way; empty: go. Changes nothing except that the output folder
// exists afterwards.
[[nodiscard]] std::vector<std::string> obstacles(const DemoOptions& options);

}  // namespace stillwater::rig
