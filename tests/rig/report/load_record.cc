#include "tests/rig/report/load_record.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace stillwater::rig {
namespace {

using Figures = std::map<std::string, double>;

void add_direction(const std::string& way, const ProbeSummary& probe, Figures& figures) {
  const auto count = [&](const char* key, std::uint64_t value) {
    figures[way + key] = static_cast<double>(value);
  };
  count("_sent", probe.sent);
  count("_lost_failover", probe.lost_failover);
  count("_lost_steady", probe.lost_steady);
  count("_duplicated", probe.duplicated);
  count("_reordered", probe.reordered);
  count("_corrupted", probe.corrupted);
  if (probe.sent == 0) return;
  figures[way + "_outage_ms"] = tenths(probe.outage_ms);
  figures[way + "_delay_us_p50"] = tenths(probe.delay_us_p50);
  figures[way + "_delay_us_p99"] = tenths(probe.delay_us_p99);
}

// Of the worse direction: one that is dead blocks a session, however well the other does.
double blocked_ms(const Measurements& measured) {
  const auto lost = [](const ProbeSummary& probe) { return probe.lost_failover + probe.lost_steady; };
  const std::uint64_t worse = std::max(lost(measured.to_server), lost(measured.to_client));
  return static_cast<double>(worse) * 1e3 / measured.probes_per_s;
}

void add_replay(const Measurements& measured, Figures& figures) {
  const ReplaySummary& replay = *measured.replay;
  figures["replay_offered"] = static_cast<double>(replay.offered);
  figures["replay_arrived"] = static_cast<double>(replay.arrived);
  figures["replay_lost_before"] = static_cast<double>(replay.lost_before);
  figures["replay_lost_failover"] = static_cast<double>(replay.lost_failover);
  figures["replay_lost_after"] = static_cast<double>(replay.lost_after);
  figures["replay_duplicated"] = static_cast<double>(replay.duplicated);
  figures["replay_pace_missed"] = static_cast<double>(measured.replay_pace_missed);
}

void add_server_first(const Measurements& measured, RunRecord& record) {
  record.figures["server_first_wanted"] = measured.server_first_wanted;
  record.figures["server_first_established"] = measured.server_first.established;
  record.figures["server_first_survived"] = measured.server_first.survived;
  for (const auto& [reason, count] : measured.server_first_reasons) {
    record.server_first_broken_because[reason] = count;
  }
}

void add_churn(const Measurements& measured, RunRecord& record) {
  record.figures["churn_opened"] = measured.churn.opened;
  record.figures["churn_answered"] = measured.churn.answered;
  record.figures["churn_answered_at_fault"] = measured.churn.answered_at_fault;
  record.figures["churn_lost"] = measured.churn.lost;
  record.figures["churn_lost_at_fault"] = measured.churn.lost_at_fault;
  record.figures["churn_pace_missed"] = static_cast<double>(measured.churn_pace_missed);
  for (const auto& [reason, count] : measured.churn_reasons) record.churn_broken_because[reason] = count;
}

}  // namespace

double tenths(double value) { return std::round(value * 10) / 10; }

void add_load(const Measurements& measured, RunRecord& record) {
  record.figures["probe_corrupted"] = static_cast<double>(measured.probe.corrupted);
  if (measured.probes_per_s > 0) record.figures["blocked_ms"] = tenths(blocked_ms(measured));
  add_direction("to_server", measured.to_server, record.figures);
  add_direction("to_client", measured.to_client, record.figures);
  if (measured.server_first_wanted > 0) add_server_first(measured, record);
  if (measured.churn_per_s > 0) add_churn(measured, record);
  if (measured.replay) add_replay(measured, record.figures);
  record.programs = measured.programs;
}

}  // namespace stillwater::rig
