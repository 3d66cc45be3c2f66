// What a thousand pauses a second lose, beside what the receive ring could not hold anyway.
#pragma once

#include "base/result.h"
#include "tests/bench/report.h"

namespace stillwater::bench {

// `seconds` at each of ten rates, over a ring port and over a veth link. Adds the packets lost in those
// windows of time in which the ring could hold every gap between two looks into it (0 is expected), and how
// far from the model the losses are at rates where it could not always; each the greatest over the rates.
void add_losses(Report& report, unsigned seconds);

// Before DPDK starts: moves the process into a network namespace of its own, with the link in it. It goes
// when the process does.
[[nodiscard]] Status make_link();

}  // namespace stillwater::bench
