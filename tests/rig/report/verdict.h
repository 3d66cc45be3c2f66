// Whether a run shows what it should. Pure.
#pragma once

#include <string>
#include <vector>

#include "tests/rig/report/measurements.h"

namespace stillwater::rig {

// While the harness itself sends nothing, it sees no outage.
constexpr double kSendGapMsAtMost = 50;

struct Verdict {
  std::vector<std::string> reasons;  // why it is bad; empty: it is good
  [[nodiscard]] bool good() const { return reasons.empty(); }
};

// Good: every wanted TCP connection survived, no probe was lost outside the failover window and none was
// invented, the outage is at most what the scenario allows, new connections failed at most inside the window,
// a checkpointing system took checkpoints under load, the wire showed one node at a time, nothing went wrong
// with the harness, and the fault's own expectation holds: a successor where it needs one, no loss at all
// where it must cost nothing. Under a fault that takes every node, sessions may be lost and the outage may
// last as long as the boot; under one that drops frames by itself, probes may be lost at any time.
[[nodiscard]] Verdict judge(const Measurements& measured);

}  // namespace stillwater::rig
