// Everything that one run measured, as values: what the report prints and the verdict judges.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "tests/rig/faults/expectation.h"
#include "tests/rig/load/attempt_account.h"
#include "tests/rig/load/churn_account.h"
#include "tests/rig/load/flows.h"
#include "tests/rig/load/probe_account.h"
#include "tests/rig/load/programs/outcome.h"
#include "tests/rig/load/replay_account.h"
#include "tests/rig/load/server_first_account.h"
#include "tests/rig/report/document.h"
#include "tests/rig/report/latency.h"
#include "tests/rig/wire/wire_verdict.h"

namespace stillwater::rig {

struct CheckpointFigures {
  std::uint64_t checkpoints = 0;         // since the node started
  std::uint64_t steady_checkpoints = 0;  // while the load ran, before the fault
  double interval_us_p50 = 0;
  double blackout_us_p50 = 0;
  double blackout_us_p99 = 0;
  double dirty_lines_p50 = 0;
};

struct Measurements {
  std::string system;
  std::string fault;
  bool struck = false;                    // the fault was injected
  std::optional<Expectation> expected{};  // of the system under the fault; none: there was no fault
  Nanos fault_took{};                     // of all strikes, the longest
  double outage_ms_at_most = 150;         // what the scenario allows
  std::uint32_t connections_wanted = 0;
  FlowCounts tcp;
  std::map<std::string, std::uint32_t> tcp_reasons;  // why connections broke
  std::uint32_t server_first_wanted = 0;             // 0: this load did not run
  ServerFirstCounts server_first;
  std::map<std::string, std::uint32_t> server_first_reasons;
  std::uint32_t churn_per_s = 0;  // 0: this load did not run
  ChurnCounts churn;
  std::map<std::string, std::uint32_t> churn_reasons;
  std::uint64_t churn_pace_missed = 0;
  ProbeSummary probe;      // both directions as one
  ProbeSummary to_server;  // each by itself
  ProbeSummary to_client;
  std::uint32_t probes_per_s = 0;  // offered in each direction
  Percentiles delay_before;        // one way; by when the probe was sent, against the failover window
  Percentiles delay_during;
  Percentiles delay_after;
  Timeline timeline;  // of the probes to the server
  Timeline timeline_to_client;
  std::uint64_t probe_pace_missed = 0;
  bool probe_realtime = false;
  AttemptSummary attempts;
  std::uint64_t attempts_pace_missed = 0;
  std::optional<WireVerdict> wire;      // none: it was not watched
  std::optional<ReplaySummary> replay;  // none: this load did not run
  std::uint64_t replay_pace_missed = 0;
  std::map<std::string, ProgramOutcome> programs;
  Instant zero{};  // of the times that a report shows: the fault, else the steady load's begin
  std::optional<CheckpointFigures> checkpoint;  // none: the system under test takes no checkpoints
  std::optional<Nanos> redundant_again;         // from the fault; none: not while it was watched
  std::optional<std::uint64_t> terms;           // that came while the load ran; none: not known
  std::string takeover;                         // the successor's own account; empty: none
  std::optional<std::uint64_t> relay_dropped;   // frames, as the faults asked; none: there was no relay
  std::vector<std::string> problems;            // what went wrong with the harness or the daemons
};

}  // namespace stillwater::rig
