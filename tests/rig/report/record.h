// From what one repetition measured to what a report keeps of it. Pure.
#pragma once

#include "tests/rig/report/document.h"
#include "tests/rig/report/measurements.h"
#include "tests/rig/report/verdict.h"

namespace stillwater::rig {

// The repetition's number, duration and failure are the caller's to add.
[[nodiscard]] RunRecord record_of(const Measurements& measured, const Verdict& verdict);

}  // namespace stillwater::rig
