// What a report keeps of the load beyond its headline: each direction of the probe, and the loads that a
// scenario may add. Pure.
#pragma once

#include "tests/rig/report/document.h"
#include "tests/rig/report/measurements.h"

namespace stillwater::rig {

// A figure of a load that did not run is absent, not 0.
void add_load(const Measurements& measured, RunRecord& record);

// Tenths: more digits of a noisy figure only look exact.
[[nodiscard]] double tenths(double value);

}  // namespace stillwater::rig
