// The roles that a node plays, as operators see them.
#pragma once

#include <cstdint>
#include <string>

#include "ckpt_engine/wire/format.h"

namespace stillwater::standby {

enum class Role : std::uint8_t { starting, syncing, standby, active, standalone, fenced, failed };

[[nodiscard]] const char* name_of(Role role);

// Why the two can never be a pair; empty if they can.
[[nodiscard]] std::string mismatch(const wire::Hello& mine, const wire::Hello& theirs);

}  // namespace stillwater::standby
