// What a report is made from, as values: the scenario, its runs, and what is computed over them. Every form
// (JSON, JUnit, table, page) is made from this, and `report FILE` reads it back from report.json.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/rig/load/programs/outcome.h"

namespace stillwater::rig {

// A stretch in which no probe arrived. Times are relative to the fault.
struct ProbeGap {
  double begin_ms = 0;  // the last probe before it that arrived was sent
  double end_ms = 0;    // the first probe after it that arrived was sent
  std::uint64_t lost = 0;
};

// The probe around the fault; without a fault, from the beginning of the steady load.
struct Timeline {
  double begin_ms = 0;  // of what was observed
  double end_ms = 0;
  std::vector<ProbeGap> gaps;  // the longest kGapsAtMost, in order of time
  // Latency in steps of `step_ms` from `delay_begin_ms`; nothing where no probe arrived.
  double delay_begin_ms = 0;
  double step_ms = 1;
  std::vector<std::optional<double>> delay_us_p50;
  std::vector<std::optional<double>> delay_us_max;

  static constexpr std::size_t kGapsAtMost = 500;
};

// One repetition.
struct RunRecord {
  std::string system;
  std::string fault;
  std::uint32_t repetition = 1;
  double seconds = 0;                     // how long it took, building and cleaning up included
  std::string failure;                    // why there is nothing to judge; empty: it was measured
  bool impossible = false;                // the failure: this system cannot suffer this fault
  std::vector<std::string> reasons;       // why the verdict is bad
  std::map<std::string, double> figures;  // by key (figure.h); absent: this run has none
  std::map<std::string, std::uint64_t> tcp_broken_because;
  std::map<std::string, std::uint64_t> new_connections_failed_because;
  std::map<std::string, std::uint64_t> server_first_broken_because;
  std::map<std::string, std::uint64_t> churn_broken_because;
  std::map<std::string, ProgramOutcome> programs;  // real ones, by name
  std::string takeover;                            // the successor's own account
  std::string wire;       // "clean", "incomplete", "breach": did two nodes ever answer? empty: not watched
  std::string wire_says;  // who answered when, some lines
  Timeline timeline;      // of the probes to the server
  Timeline timeline_to_client;  // empty: a report from before there were any

  [[nodiscard]] bool good() const { return failure.empty() && reasons.empty(); }
  [[nodiscard]] std::optional<double> figure(const std::string& key) const {
    const auto found = figures.find(key);
    return found == figures.end() ? std::nullopt : std::optional(found->second);
  }
};

struct Document {
  static constexpr int kSchema = 1;

  std::string scenario;
  std::string about;
  std::string started;  // UTC, ISO 8601
  std::string machine;  // processor, cores, kernel
  std::uint64_t seed = 0;
  std::uint32_t connections = 0;
  std::uint32_t probes_per_s = 0;
  std::uint32_t new_per_s = 0;
  double seconds_before = 0;
  double seconds_after = 0;
  double outage_ms_at_most = 0;
  std::uint32_t repetitions = 1;
  bool interrupted = false;  // fewer runs than were wanted
  std::vector<RunRecord> runs;

  [[nodiscard]] bool good() const;
};

}  // namespace stillwater::rig
