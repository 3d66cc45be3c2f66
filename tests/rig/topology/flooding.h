// Bridges that send every frame to every port, as a hub does.
#pragma once

#include "base/result.h"
#include "tests/rig/topology/plan.h"
#include "tests/rig/topology/topology.h"

namespace stillwater::rig {

// All bridges of the plan, as built, learn nothing any more and forget what they knew; or learn again.
[[nodiscard]] Status set_flooding(const Plan& plan, const Topology& topology, bool flooding);

}  // namespace stillwater::rig
