// Keeping a pace.
#pragma once

#include "base/clock.h"

namespace stillwater::rig {

// Of the calling thread; signals do not end it early.
void sleep_until(Instant deadline);

}  // namespace stillwater::rig
