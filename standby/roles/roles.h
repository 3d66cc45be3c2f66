// The roles that a node plays, as operators see them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ckpt_engine/wire/format.h"

namespace stillwater::standby {

enum class Role : std::uint8_t { starting, syncing, standby, active, standalone, fenced, failed };

[[nodiscard]] const char* name_of(Role role);

// Whether a connection that `me` dialled stays where `me` and `them` dialled each other at once.
[[nodiscard]] inline bool own_dial_stays(std::string_view me, std::string_view them) { return me < them; }

// Why the two can never be a pair; empty if they can.
[[nodiscard]] std::string mismatch(const wire::Hello& mine, const wire::Hello& theirs);

}  // namespace stillwater::standby
