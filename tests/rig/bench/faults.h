// The failover benchmark's faults, and what one run of it takes of its scenario. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tests/rig/scenario/scenario.h"

namespace stillwater::rig {

inline constexpr const char* kBenchScenario = "bench-failover";
inline constexpr const char* kBenchControl = "control-loaded";
inline constexpr const char* kBenchOurs = "stillwater";

struct BenchFault {
  std::string_view name;   // in ids, and for --fault
  std::string_view fault;  // as the scenario has it
  std::string_view peers;  // what the peers suffer beside it, which may know no such thing
};

// In the order of the results.
[[nodiscard]] std::span<const BenchFault> bench_faults();

struct BenchChoice {
  bool full = false;                // ours alone, 30 times
  std::vector<std::string> faults;  // by name; empty: all
  std::optional<std::uint32_t> repetitions;
};

// invalid_argument: a name is none of the benchmark's faults; the message lists them.
[[nodiscard]] Status choose(const BenchChoice& choice, Scenario& scenario);

}  // namespace stillwater::rig
