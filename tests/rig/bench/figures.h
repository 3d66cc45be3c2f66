// The failover benchmark's figures, computed from the runs of a document. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/rig/report/document.h"

namespace stillwater::rig {

// One figure. Less is better of all of them.
struct BenchRow {
  std::string id;
  std::string unit;
  std::vector<double> samples;  // a repetition each; those that could not be measured are missing
  bool all_measured = true;
  std::optional<double> bound{};         // the better median of the peers in the same run
  std::string bound_of{};                // whose it is
  std::optional<double> target{};        // of the median
  std::optional<double> target_worst{};  // of the worst
  std::string note{};

  // None without samples.
  [[nodiscard]] std::optional<double> median() const;
  [[nodiscard]] std::optional<double> worst() const;
  // None without a bound, or where that is 0.
  [[nodiscard]] std::optional<double> ratio() const;
  // None without targets. A run that could not be measured meets none.
  [[nodiscard]] std::optional<bool> met() const;
};

// `outage_ms.FAULT`, `lost_packets.FAULT` and `lost_flows.FAULT` of each fault that our pair suffered in it,
// and `false_failovers` where it ran without a fault.
[[nodiscard]] std::vector<BenchRow> bench_rows(const Document& document);

}  // namespace stillwater::rig
