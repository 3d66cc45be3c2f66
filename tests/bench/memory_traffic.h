// What checkpoints cost established traffic that changes soft state alone.
#pragma once

#include "tests/bench/report.h"

namespace stillwater::bench {

// One repetition a second. Needs DPDK's environment with one worker.
void add_soft_traffic(Report& report, unsigned repetitions);

}  // namespace stillwater::bench
