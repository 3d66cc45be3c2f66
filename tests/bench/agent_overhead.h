// What a burst through the interface agent costs beside DPDK's own.
#pragma once

#include "tests/bench/report.h"

namespace stillwater::bench {

// Forwards bursts over net_null and over net_ring, with raw calls and through the agent in turn, on this
// thread.
void add_agent_overhead(Report& report);

}  // namespace stillwater::bench
