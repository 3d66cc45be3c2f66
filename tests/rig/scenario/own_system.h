// A system that a scenario brings along: a mapping among its `systems`.
#pragma once

#include <cstdint>

#include "tests/rig/scenario/mapping.h"
#include "tests/rig/systems/command_system.h"

namespace stillwater::rig {

// Reads the mapping; every mistake is reported at its place, and `at` is finished then.
[[nodiscard]] CommandSystem read_own_system(Mapping& at);

// What is under `security`; absent or wrong: configured.
[[nodiscard]] Security read_security(Mapping& at);

}  // namespace stillwater::rig
