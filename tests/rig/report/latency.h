// When probes arrived, as curves: latency by phase, and the timeline around the fault. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "tests/rig/load/probe_account.h"
#include "tests/rig/report/document.h"

namespace stillwater::rig {

struct Percentiles {
  std::uint64_t count = 0;
  double us_p50 = 0;
  double us_p99 = 0;
};

[[nodiscard]] Percentiles percentiles_of(std::vector<Nanos> values);

// One-way delays of the probes sent in [from, to), of all accounts together.
[[nodiscard]] Percentiles delays_of(const std::vector<const ProbeAccount*>& accounts, Instant from,
                                    Instant to);

// Covers the probes sent at or after `from`; `zero` is the time 0 of the timeline. Latency is kept in about
// 300 steps from shortly before `zero` to as long after it as the worst gap asks for.
[[nodiscard]] Timeline timeline_of(const ProbeAccount& account, Instant from, Instant zero);

}  // namespace stillwater::rig
