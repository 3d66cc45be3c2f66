// When each fault of a run strikes: one, or several with offsets, timed from a seed. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace stillwater::rig {

struct ScheduledFault {
  std::string fault;  // as make_fault takes it
  Nanos after{};      // the run's fault time
};

// Reads "kill", "cut-replication + kill@20ms", "freeze:500ms + standby-lost@0ms..40ms": faults joined by `+`,
// each with an offset after `@` (none: 0), an exact one or a range from which the seed chooses. The same text
// and seed give the same times. Sorted by time; equal times keep their order. invalid_argument says where.
[[nodiscard]] Result<std::vector<ScheduledFault>> schedule_faults(const std::string& text,
                                                                  std::uint64_t seed);

// A time in [0, period) for this repetition, so that faults do not keep step with the system's own rhythms
// (checkpoints, adverts).
[[nodiscard]] Nanos fault_phase(std::uint64_t seed, std::uint32_t repetition, Nanos period);

// What a comma parted although it joins a fault's arguments: "slow-inside:delay=5ms", "loss=1%" is one fault.
[[nodiscard]] std::vector<std::string> joined_arguments(const std::vector<std::string>& parts);

// "20ms", "1s", "500us", "1.5s", "10m". invalid_argument for anything else, negative included.
[[nodiscard]] Result<Nanos> parse_duration(const std::string& text);

}  // namespace stillwater::rig
