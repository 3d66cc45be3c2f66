// The pause of a checkpoint by size of the region and by tracker, beside what memory itself takes.
#pragma once

#include "tests/bench/report.h"

namespace stillwater::bench {

// `big_mib`: the larger of the two regions of the barrier tracker.
void add_barrier_blackouts(Report& report, unsigned repetitions, unsigned rounds, unsigned big_mib);
void add_pagemap_blackout(Report& report, unsigned repetitions, unsigned rounds);

}  // namespace stillwater::bench
