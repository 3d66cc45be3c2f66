#include "tests/rig/report/load_verdict.h"

#include <fmt/format.h>

namespace stillwater::rig {

std::vector<std::string> wrong_with_load(const Measurements& measured) {
  std::vector<std::string> reasons;
  const auto bad_if = [&reasons](bool bad, std::string reason) {
    if (bad) reasons.push_back(std::move(reason));
  };
  const ProbeSummary& probe = measured.probe;
  bad_if(probe.corrupted > 0,
         fmt::format("{} probes arrived with other bytes than were sent", probe.corrupted));
  bad_if(measured.to_server.sent > 0 && measured.to_client.sent == 0, "no probe was sent to the client");
  // As for the other sessions and probes (verdict.cc): nobody remembers where every node was taken.
  const Expectation expected = measured.expected.value_or(Expectation{});
  const bool remembers = !expected.takes_all();
  const ServerFirstCounts& quiet = measured.server_first;
  bad_if(quiet.established < measured.server_first_wanted,
         fmt::format("only {} of {} server-first connections were established", quiet.established,
                     measured.server_first_wanted));
  bad_if(remembers && quiet.survived < quiet.established,
         fmt::format("on {} of {} server-first connections nothing that the server wrote came through",
                     quiet.established - quiet.survived, quiet.established));
  const ChurnCounts& churn = measured.churn;
  bad_if(measured.churn_per_s > 0 && measured.struck && churn.answered_at_fault == 0,
         "no session of the churn was open when the fault struck");
  bad_if(remembers && churn.lost > 0,
         fmt::format("{} of {} answered sessions of the churn were lost, {} of the {} open at the fault",
                     churn.lost, churn.answered, churn.lost_at_fault, churn.answered_at_fault));
  if (const auto& replay = measured.replay) {
    bad_if(remembers && !expected.lossy && replay->lost_before + replay->lost_after > 0,
           fmt::format("{} replayed frames were lost outside the failover",
                       replay->lost_before + replay->lost_after));
    bad_if(
        !expected.loses_service && replay->lost_failover > 0,
        fmt::format("{} replayed frames were lost to a fault that must cost nothing", replay->lost_failover));
    bad_if(replay->offered == 0, "no frame was replayed");
  }
  for (const auto& [name, outcome] : measured.programs) {
    bad_if(remembers && !outcome.broke.empty(), name + ": " + outcome.broke);
  }
  return reasons;
}

}  // namespace stillwater::rig
