#include "tests/rig/report/verdict.h"

#include <fmt/format.h>

namespace stillwater::rig {

Verdict judge(const Measurements& measured) {
  Verdict verdict;
  const auto bad_if = [&verdict](bool bad, std::string reason) {
    if (bad) verdict.reasons.push_back(std::move(reason));
  };
  const ProbeSummary& probe = measured.probe;
  const AttemptSummary& attempts = measured.attempts;

  bad_if(measured.tcp.established < measured.connections_wanted,
         fmt::format("only {} of {} TCP connections were established", measured.tcp.established,
                     measured.connections_wanted));
  bad_if(measured.tcp.survived < measured.tcp.established,
         fmt::format("{} of {} TCP connections did not survive",
                     measured.tcp.established - measured.tcp.survived, measured.tcp.established));
  bad_if(probe.sent == 0, "no probe was sent");
  bad_if(probe.lost_steady > 0, fmt::format("{} probes were lost outside the failover", probe.lost_steady));
  bad_if(probe.unknown > 0, fmt::format("{} probes arrived that were never sent", probe.unknown));
  bad_if(!probe.recovered, "the probe's path never came back");
  bad_if(
      probe.outage_ms > measured.outage_ms_at_most,
      fmt::format("the outage of {:.1f} ms is above {:.0f} ms", probe.outage_ms, measured.outage_ms_at_most));
  bad_if(probe.send_gap_ms > kSendGapMsAtMost,
         fmt::format("the harness sent no probe for {:.1f} ms, which may hide an outage", probe.send_gap_ms));
  bad_if(attempts.failed_before > 0,
         fmt::format("{} new connections failed before the fault", attempts.failed_before));
  bad_if(attempts.failed_after > 0,
         fmt::format("{} new connections failed after the failover", attempts.failed_after));
  bad_if(measured.checkpoint && measured.checkpoint->steady_checkpoints == 0,
         "no checkpoint was taken while the load ran");
  bad_if(measured.wire && measured.wire->state() == WireVerdict::State::breach,
         "the wire: more than one node answered, or sent what it should not");
  for (const std::string& problem : measured.problems) bad_if(true, problem);
  return verdict;
}

}  // namespace stillwater::rig
