// The machine that a measurement was made on.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace stillwater::rig {

// "cpu", "cores", "kernel", "memory" and "hugepages_total", as the kernel tells them.
[[nodiscard]] nlohmann::json this_machine();

}  // namespace stillwater::rig
