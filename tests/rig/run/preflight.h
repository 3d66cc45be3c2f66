// What must hold before anything is started.
#pragma once

#include <string>
#include <vector>

#include "tests/rig/scenario/scenario.h"
#include "tests/rig/systems/catalogue.h"

namespace stillwater::rig {

// What scenarios may name, by the catalogues.
[[nodiscard]] Known known_names(const SystemOptions& options);

// One line for each thing that stands in the way; empty: go. Changes nothing, except that the output folder
// exists where all else is well.
[[nodiscard]] std::vector<std::string> obstacles(const Scenario& scenario, const SystemOptions& options);

}  // namespace stillwater::rig
