#include "tests/rig/report/verdict.h"

#include <functional>

#include <fmt/format.h>

#include "tests/rig/report/load_verdict.h"

namespace stillwater::rig {
namespace {

using BadIf = std::function<void(bool, std::string)>;

// Where the fault took every node, nobody is left who could remember: then nothing is asked but that service
// comes back, however long a boot takes.
void judge_sessions(const Measurements& measured, const BadIf& bad_if) {
  const AttemptSummary& attempts = measured.attempts;
  bad_if(measured.tcp.established < measured.connections_wanted,
         fmt::format("only {} of {} TCP connections were established", measured.tcp.established,
                     measured.connections_wanted));
  const bool asked = !measured.expected || !measured.expected->takes_all();
  bad_if(asked && measured.tcp.survived < measured.tcp.established,
         fmt::format("{} of {} TCP connections did not survive",
                     measured.tcp.established - measured.tcp.survived, measured.tcp.established));
  bad_if(attempts.failed_before > 0,
         fmt::format("{} new connections failed before the fault", attempts.failed_before));
  bad_if(attempts.failed_after > 0,
         fmt::format("{} new connections failed after the failover", attempts.failed_after));
}

void judge_probe(const Measurements& measured, const BadIf& bad_if) {
  const ProbeSummary& probe = measured.probe;
  const Expectation expected = measured.expected.value_or(Expectation{});
  bad_if(probe.sent == 0, "no probe was sent");
  // A pair that boots comes back step by step.
  bad_if(!expected.lossy && !expected.takes_all() && probe.lost_steady > 0,
         fmt::format("{} probes were lost outside the failover", probe.lost_steady));
  bad_if(probe.unknown > 0, fmt::format("{} probes arrived that were never sent", probe.unknown));
  bad_if(!probe.recovered && !expected.lossy, "the probe's path never came back");
  bad_if(
      !expected.takes_all() && probe.outage_ms > measured.outage_ms_at_most,
      fmt::format("the outage of {:.1f} ms is above {:.0f} ms", probe.outage_ms, measured.outage_ms_at_most));
  bad_if(probe.send_gap_ms > kSendGapMsAtMost,
         fmt::format("the harness sent no probe for {:.1f} ms, which may hide an outage", probe.send_gap_ms));
}

void judge_expectation(const Measurements& measured, const BadIf& bad_if) {
  if (!measured.expected) return;
  const Expectation& expected = *measured.expected;
  // Where the service never stopped, nobody had to: a kernel forwards on while its daemons stand still.
  const bool stopped = measured.probe.lost_failover > 0 || !measured.probe.recovered;
  bad_if(expected.successor && stopped && measured.takeover.empty(), "no other node took over");
  if (expected.loses_service) return;
  bad_if(measured.probe.lost_failover > 0,
         fmt::format("{} probes were lost to a fault that must cost nothing", measured.probe.lost_failover));
  bad_if(measured.attempts.failed_failover > 0,
         fmt::format("{} new connections failed by a fault that must cost nothing",
                     measured.attempts.failed_failover));
}

}  // namespace

Verdict judge(const Measurements& measured) {
  Verdict verdict;
  const BadIf bad_if = [&verdict](bool bad, std::string reason) {
    if (bad) verdict.reasons.push_back(std::move(reason));
  };
  judge_sessions(measured, bad_if);
  judge_probe(measured, bad_if);
  judge_expectation(measured, bad_if);
  bad_if(measured.checkpoint && measured.checkpoint->steady_checkpoints == 0,
         "no checkpoint was taken while the load ran");
  bad_if(measured.wire && measured.wire->state() == WireVerdict::State::breach,
         "the wire: more than one node answered, or sent what it should not");
  for (const std::string& reason : wrong_with_load(measured)) bad_if(true, reason);
  for (const std::string& problem : measured.problems) bad_if(true, problem);
  return verdict;
}

}  // namespace stillwater::rig
