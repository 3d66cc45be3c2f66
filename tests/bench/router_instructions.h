// Instructions a packet of the router, and the functions that they are spent in.
#pragma once

#include <string>

#include "base/result.h"
#include "tests/bench/report.h"

namespace stillwater::bench {

// The families whose packets are counted: "ipv4" and "ipv6". Leaves callgrind's profiles beside `out`, with
// its name in theirs. What could not be counted is said on standard error, and not reported.
void add_instructions(Report& report, const std::string& out);

// What the above runs under callgrind, a process of its own: forwards a load of 64 octets by 100,000 routes,
// and prints how many packets were counted. Ends the program where something fails.
void forward_counted(const std::string& family);

}  // namespace stillwater::bench
