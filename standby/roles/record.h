// The arbiter's record as it goes over the wire between the nodes.
#pragma once

#include <optional>

#include "base/arbiter.h"
#include "ckpt_engine/wire/frame.h"

namespace stillwater::standby {

[[nodiscard]] wire::Record wire_of(const ArbiterRecord& record);
// Nullopt for one that no arbiter would hold: an active outside the set, a name without its end, a set of one
// name twice, a term that leaves no room for the next.
[[nodiscard]] std::optional<ArbiterRecord> record_of(const wire::Record& on_wire);

}  // namespace stillwater::standby
