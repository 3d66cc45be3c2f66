#include "tests/rig/report/report.h"

#include <fstream>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace stillwater::rig {
namespace {

// Tenths: more digits of a noisy figure only look exact.
double rounded(double value) { return static_cast<double>(static_cast<std::int64_t>(value * 10 + 0.5)) / 10; }

void add_checkpoints(nlohmann::ordered_json& json, const std::optional<CheckpointFigures>& figures) {
  const auto figure = [&](const char* key, auto value) { figures ? json[key] = value : json[key] = nullptr; };
  const CheckpointFigures values = figures.value_or(CheckpointFigures{});
  figure("checkpoints", values.checkpoints);
  figure("steady_checkpoints", values.steady_checkpoints);
  figure("checkpoint_interval_us_p50", values.interval_us_p50);
  figure("blackout_us_p50", values.blackout_us_p50);
  figure("blackout_us_p99", values.blackout_us_p99);
  figure("dirty_lines_p50", values.dirty_lines_p50);
}

std::string failures(const AttemptSummary& attempts) {
  std::string text;
  for (const auto& [reason, count] : attempts.failures) text += fmt::format("; {}: {}", reason, count);
  return text;
}

std::string checkpoint_rows(const CheckpointFigures& figures) {
  return fmt::format("  checkpoints           {} under load, one every {:.0f} us (p50)\n",
                     figures.steady_checkpoints, figures.interval_us_p50) +
         fmt::format("  blackout              {:.0f} us p50, {:.0f} us p99\n", figures.blackout_us_p50,
                     figures.blackout_us_p99) +
         fmt::format("  dirty lines           {:.0f} a checkpoint (p50)\n", figures.dirty_lines_p50);
}

}  // namespace

std::string to_json(const Measurements& measured, const Verdict& verdict) {
  const ProbeSummary& probe = measured.probe;
  const AttemptSummary& attempts = measured.attempts;
  nlohmann::ordered_json json{
      {"verdict", verdict.good() ? "good" : "bad"},
      {"reasons", verdict.reasons},
      {"system", measured.system},
      {"fault", measured.fault},
      {"fault_took_us", rounded(microseconds(measured.fault_took))},
      {"tcp_wanted", measured.connections_wanted},
      {"tcp_established", measured.tcp.established},
      {"tcp_survived", measured.tcp.survived},
      {"tcp_broken", measured.tcp.broken},
      {"tcp_broken_because", measured.tcp_reasons},
      {"probe_sent", probe.sent},
      {"probe_lost_steady", probe.lost_steady},
      {"probe_lost_failover", probe.lost_failover},
      {"outage_ms", rounded(probe.outage_ms)},
      {"probe_duplicated", probe.duplicated},
      {"probe_reordered", probe.reordered},
      {"probe_unknown", probe.unknown},
      {"probe_delay_us_p50", rounded(probe.delay_us_p50)},
      {"probe_delay_us_p99", rounded(probe.delay_us_p99)},
      {"probe_send_gap_ms", rounded(probe.send_gap_ms)},
      {"pace_missed", measured.probe_pace_missed},
      {"new_connections_ok", attempts.ok},
      {"new_connections_failed", attempts.failed()},
      {"new_connections_failed_before", attempts.failed_before},
      {"new_connections_failed_failover", attempts.failed_failover},
      {"new_connections_failed_after", attempts.failed_after},
      {"new_connections_failed_because", attempts.failures},
      {"new_connections_pace_missed", measured.attempts_pace_missed},
  };
  add_checkpoints(json, measured.checkpoint);
  json["takeover"] = measured.takeover;
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string to_table(const Measurements& measured, const Verdict& verdict) {
  const ProbeSummary& probe = measured.probe;
  const AttemptSummary& attempts = measured.attempts;
  std::string text = fmt::format("\n{}, fault: {}\n", measured.system, measured.fault);
  text += fmt::format("  TCP connections       {} of {} survived ({} established, {} broken)\n",
                      measured.tcp.survived, measured.connections_wanted, measured.tcp.established,
                      measured.tcp.broken);
  for (const auto& [reason, count] : measured.tcp_reasons) {
    text += fmt::format("                          {} x {}\n", count, reason);
  }
  text += fmt::format("  probes                {} sent, {} lost in steady state, {} lost in the failover\n",
                      probe.sent, probe.lost_steady, probe.lost_failover);
  text += fmt::format("  outage                {:.1f} ms\n", probe.outage_ms);
  text += fmt::format("  duplicated, reordered {}, {}\n", probe.duplicated, probe.reordered);
  text += fmt::format("  delay one way         {:.0f} us p50, {:.0f} us p99\n", probe.delay_us_p50,
                      probe.delay_us_p99);
  text +=
      fmt::format("  pace not kept         {} probes, {} new connections were not sent by the harness{}\n",
                  measured.probe_pace_missed, measured.attempts_pace_missed,
                  measured.probe_realtime ? "" : " (no real-time scheduling)");
  text += fmt::format("  new connections       {} ok; failed: {} before, {} in the failover, {} after{}\n",
                      attempts.ok, attempts.failed_before, attempts.failed_failover, attempts.failed_after,
                      failures(attempts));
  if (measured.checkpoint) text += checkpoint_rows(*measured.checkpoint);
  if (!measured.takeover.empty()) text += fmt::format("  takeover              {}\n", measured.takeover);
  if (verdict.good()) return text + "good\n";
  text += "bad:\n";
  for (const std::string& reason : verdict.reasons) text += fmt::format("  - {}\n", reason);
  return text;
}

Status write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  if (!file) return fail(Errc::io, "cannot write " + path);
  return {};
}

}  // namespace stillwater::rig
