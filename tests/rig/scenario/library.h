// The scenarios that come with the rig, and files of one's own.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "tests/rig/scenario/scenario.h"

namespace stillwater::rig {

// The paths of all scenarios in `folder`, sorted by name.
[[nodiscard]] std::vector<std::string> scenario_files(const std::string& folder);

// `which` is a name in `folder` ("demo") or a path (it has a slash or ends in .yaml).
[[nodiscard]] Result<Scenario> load_scenario(const std::string& which, const std::string& folder,
                                             const Known& known);

}  // namespace stillwater::rig
