// What a run is made of. All of it follows from the seed, unless the command line says otherwise.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/clock.h"

namespace stillwater::sim {

struct Options {
  std::uint64_t seed = 1;
  bool arbitrated = true;
  bool cold_start = false;
  unsigned faults = 0;  // aimed at a step; what has to go wrong before it comes on top
  Nanos lease = 20ms;
  Nanos heartbeat = 2ms;
  Nanos failure_timeout = 50ms;
  std::array<double, 2> pace{1, 1};         // of each node's clock; a tenth of the lease covers their ratio
  std::array<Nanos, 2> offset{};            // what each clock shows at the begin
  Nanos latency = 100us;                    // one way, about
  std::uint64_t brownout_bytes = 1u << 19;  // as in the engine's policy
  bool trace = false;
};

struct Wishes {
  int arbitrated = -1;  // -1: as the seed says
  int faults = -1;
  bool trace = false;
};

[[nodiscard]] Options options_of(std::uint64_t seed, const Wishes& wishes);
// One line, for whoever looks at a failure.
[[nodiscard]] std::string text_of(const Options& options);

}  // namespace stillwater::sim
