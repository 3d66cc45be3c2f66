#include "tests/rig/report/record.h"

#include <algorithm>
#include <cmath>

#include "tests/rig/report/load_record.h"

namespace stillwater::rig {
namespace {

void add_probe(const Measurements& measured, std::map<std::string, double>& figures) {
  const ProbeSummary& probe = measured.probe;
  figures["outage_ms"] = tenths(probe.outage_ms);
  figures["probe_sent"] = static_cast<double>(probe.sent);
  figures["probe_lost_failover"] = static_cast<double>(probe.lost_failover);
  figures["probe_lost_steady"] = static_cast<double>(probe.lost_steady);
  figures["probe_duplicated"] = static_cast<double>(probe.duplicated);
  figures["probe_reordered"] = static_cast<double>(probe.reordered);
  figures["probe_unknown"] = static_cast<double>(probe.unknown);
  figures["probe_send_gap_ms"] = tenths(probe.send_gap_ms);
  figures["pace_missed"] = static_cast<double>(measured.probe_pace_missed);
  const auto add_delay = [&](const char* p50, const char* p99, const Percentiles& delay) {
    if (delay.count == 0) return;
    figures[p50] = tenths(delay.us_p50);
    figures[p99] = tenths(delay.us_p99);
  };
  add_delay("probe_delay_us_p50", "probe_delay_us_p99", measured.delay_before);
  add_delay("delay_during_us_p50", "delay_during_us_p99", measured.delay_during);
  add_delay("delay_after_us_p50", "delay_after_us_p99", measured.delay_after);
}

void add_tcp(const Measurements& measured, std::map<std::string, double>& figures) {
  const AttemptSummary& attempts = measured.attempts;
  figures["tcp_wanted"] = measured.connections_wanted;
  figures["tcp_established"] = measured.tcp.established;
  figures["tcp_survived"] = measured.tcp.survived;
  figures["tcp_broken"] = measured.tcp.broken;
  figures["sessions_lost"] =
      measured.tcp.established - std::min(measured.tcp.survived, measured.tcp.established);
  figures["new_connections_ok"] = static_cast<double>(attempts.ok);
  figures["new_connections_failed"] = static_cast<double>(attempts.failed());
  figures["new_connections_failed_before"] = static_cast<double>(attempts.failed_before);
  figures["new_connections_failed_failover"] = static_cast<double>(attempts.failed_failover);
  figures["new_connections_failed_after"] = static_cast<double>(attempts.failed_after);
  if (const Percentiles took = percentiles_of(attempts.took); took.count > 0) {
    figures["new_connection_us_p50"] = tenths(took.us_p50);
    figures["new_connection_us_p99"] = tenths(took.us_p99);
  }
  figures["new_connections_pace_missed"] = static_cast<double>(measured.attempts_pace_missed);
}

void add_checkpoints(const CheckpointFigures& values, std::map<std::string, double>& figures) {
  figures["checkpoints"] = static_cast<double>(values.checkpoints);
  figures["steady_checkpoints"] = static_cast<double>(values.steady_checkpoints);
  figures["checkpoint_interval_us_p50"] = tenths(values.interval_us_p50);
  figures["blackout_us_p50"] = tenths(values.blackout_us_p50);
  figures["blackout_us_p99"] = tenths(values.blackout_us_p99);
  figures["dirty_lines_p50"] = values.dirty_lines_p50;
}

void add_wire(const WireVerdict& wire, Instant zero, RunRecord& record) {
  record.wire = name_of(wire.state());
  record.wire_says = to_text(wire, zero);
  double overlap_ms = 0;
  std::uint64_t overlap_frames = 0;
  for (const Overlap& overlap : wire.overlaps) {
    overlap_ms = std::max(overlap_ms, milliseconds(overlap.end - overlap.begin));
    overlap_frames += std::min(overlap.held_by_sent.frames(), overlap.also_sent.frames());
  }
  std::uint64_t misplaced = 0;
  for (const WrongPort& wrong : wire.wrong_ports) misplaced += wrong.frames;
  record.figures["wire_overlaps"] = static_cast<double>(wire.overlaps.size());
  record.figures["wire_overlap_ms"] = tenths(overlap_ms);
  record.figures["wire_overlap_frames"] = static_cast<double>(overlap_frames);
  record.figures["wire_duplicated"] = static_cast<double>(wire.datagrams_duplicated);
  record.figures["wire_misplaced"] = static_cast<double>(misplaced);
}

}  // namespace

RunRecord record_of(const Measurements& measured, const Verdict& verdict) {
  RunRecord record;
  record.system = measured.system;
  record.fault = measured.fault;
  record.reasons = verdict.reasons;
  add_probe(measured, record.figures);
  add_tcp(measured, record.figures);
  if (measured.checkpoint) add_checkpoints(*measured.checkpoint, record.figures);
  record.figures["fault_took_us"] = tenths(microseconds(measured.fault_took));
  if (measured.redundant_again) {
    record.figures["redundant_again_ms"] = tenths(milliseconds(*measured.redundant_again));
  }
  if (measured.terms) record.figures["terms"] = static_cast<double>(*measured.terms);
  for (const auto& [reason, count] : measured.tcp_reasons) record.tcp_broken_because[reason] = count;
  record.new_connections_failed_because = measured.attempts.failures;
  record.takeover = measured.takeover;
  record.timeline = measured.timeline;
  if (measured.relay_dropped) record.figures["relay_dropped"] = static_cast<double>(*measured.relay_dropped);
  record.timeline_to_client = measured.timeline_to_client;
  add_load(measured, record);
  if (measured.wire) add_wire(*measured.wire, measured.zero, record);
  return record;
}

}  // namespace stillwater::rig
