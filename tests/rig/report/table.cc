#include "tests/rig/report/table.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "tests/rig/report/program_figure.h"
#include "tests/rig/report/summary.h"

namespace stillwater::rig {
namespace {

std::string reasons(const std::map<std::string, std::uint64_t>& because) {
  std::string text;
  for (const auto& [reason, count] : because) text += fmt::format("; {} x {}", count, reason);
  return text;
}

std::string row(const std::string& title, const std::string& text) {
  return fmt::format("  {:<22}{}\n", title, text);
}

// One run's figures in words; "-" where the run has none.
class Words {
 public:
  explicit Words(const RunRecord& run) : run_(run) {}
  std::string operator()(const char* key) const {
    const auto value = run_.figure(key);
    if (!value) return "-";
    for (const Figure& figure : figures()) {
      if (figure.key == key) return shown(figure.unit, *value);
    }
    return fmt::format("{}", *value);
  }

 private:
  const RunRecord& run_;
};

std::string outcome(const RunRecord& run) {
  if (!run.failure.empty()) return fmt::format("failed: {}\n", run.failure);
  if (run.good()) return "good\n";
  std::string text = "bad:\n";
  for (const std::string& reason : run.reasons) text += fmt::format("  - {}\n", reason);
  if (run.wire == "breach") text += run.wire_says;
  return text;
}

std::string checkpoint_rows(const Words& of) {
  return row("checkpoints", fmt::format("{} under load, one every {} (median)", of("steady_checkpoints"),
                                        of("checkpoint_interval_us_p50"))) +
         row("checkpoint pause",
             fmt::format("{} median, {} 99th percentile, {} dirty lines", of("blackout_us_p50"),
                         of("blackout_us_p99"), of("dirty_lines_p50")));
}

std::string replay_rows(const Words& of) {
  return row("replay", fmt::format("{} of {} frames arrived; lost: {} before, {} in the failover, {} after",
                                   of("replay_arrived"), of("replay_offered"), of("replay_lost_before"),
                                   of("replay_lost_failover"), of("replay_lost_after")));
}

std::string table_of_one(const RunRecord& run) {
  const std::string title = fmt::format("\n{}, fault: {}\n", run.system, run.fault);
  if (!run.failure.empty()) return title + outcome(run);
  const Words of(run);
  std::string text = title;
  text += row("TCP connections",
              fmt::format("{} of {} survived ({} broken{})", of("tcp_survived"), of("tcp_established"),
                          of("tcp_broken"), reasons(run.tcp_broken_because)));
  if (run.figure("server_first_wanted")) {
    text += row("server first",
                fmt::format("{} of {} survived{}", of("server_first_survived"),
                            of("server_first_established"), reasons(run.server_first_broken_because)));
  }
  if (run.figure("churn_opened")) {
    text += row("session churn",
                fmt::format("{} opened, {} answered; {} answered and open at the fault, {} of them lost{}",
                            of("churn_opened"), of("churn_answered"), of("churn_answered_at_fault"),
                            of("churn_lost_at_fault"), reasons(run.churn_broken_because)));
  }
  text +=
      row("new connections",
          fmt::format("{} ok; failed: {} before, {} in the failover, {} after{}", of("new_connections_ok"),
                      of("new_connections_failed_before"), of("new_connections_failed_failover"),
                      of("new_connections_failed_after"), reasons(run.new_connections_failed_because)));
  if (run.figure("replay_offered")) text += replay_rows(of);
  for (const auto& [name, outcome] : run.programs) text += row(name, in_words(name, outcome));
  text += row("outage", fmt::format("{}; blocked time {}", of("outage_ms"), of("blocked_ms")));
  text += row("probes", fmt::format("{} sent; lost: {} in the failover, {} at other times", of("probe_sent"),
                                    of("probe_lost_failover"), of("probe_lost_steady")));
  text += row("", fmt::format("{} duplicated, {} reordered, {} corrupted", of("probe_duplicated"),
                              of("probe_reordered"), of("probe_corrupted")));
  text +=
      row("to server, to client",
          fmt::format("outage {}, {}; lost {}, {}; latency {}, {} (median)", of("to_server_outage_ms"),
                      of("to_client_outage_ms"), of("to_server_lost_failover"), of("to_client_lost_failover"),
                      of("to_server_delay_us_p50"), of("to_client_delay_us_p50")));
  text +=
      row("latency, median", fmt::format("{} before, {} in the failover, {} after", of("probe_delay_us_p50"),
                                         of("delay_during_us_p50"), of("delay_after_us_p50")));
  text +=
      row("latency, 99th", fmt::format("{} before, {} in the failover, {} after", of("probe_delay_us_p99"),
                                       of("delay_during_us_p99"), of("delay_after_us_p99")));
  if (run.figure("redundant_again_ms")) text += row("redundant again", of("redundant_again_ms"));
  if (run.figure("checkpoints")) text += checkpoint_rows(of);
  if (!run.wire.empty()) text += row("wire", run.wire);
  if (!run.takeover.empty()) text += row("takeover", run.takeover);
  text += row("pace not kept", fmt::format("{} probes, {} new connections were not sent by the rig",
                                           of("pace_missed"), of("new_connections_pace_missed")));
  return text + outcome(run);
}

const Group* find(const std::vector<Group>& groups, const std::string& system, const std::string& fault) {
  const auto found = std::find_if(groups.begin(), groups.end(), [&](const Group& group) {
    return group.system == system && group.fault == fault;
  });
  return found == groups.end() ? nullptr : &*found;
}

std::string cell(const Group* group, const Figure& figure) {
  const auto spread = group == nullptr ? std::nullopt : group->spread(figure);
  if (!spread) return "-";
  return fmt::format("{} ({})", shown(figure.unit, spread->median, spread->median_open),
                     shown(figure.unit, spread->worst, spread->worst_open));
}

// Of the first column.
std::size_t title_width() {
  std::size_t width = 0;
  for (const Figure& figure : figures()) {
    if (figure.compared) width = std::max(width, figure.title.size());
  }
  return width;
}

std::string table_of_fault(const std::vector<Group>& groups, const std::string& fault) {
  const std::vector<std::string> systems = systems_of(groups);
  const std::size_t width = title_width();
  std::string text = fmt::format("\nfault: {}, median (worst)\n  {:<{}}", fault, "", width);
  for (const std::string& system : systems) text += fmt::format("  {:>24}", system);
  text += fmt::format("\n  {:<{}}", "Good runs", width);
  for (const std::string& system : systems) {
    const Group* group = find(groups, system, fault);
    const std::string good = group ? fmt::format("{} of {}", group->good(), group->runs.size()) : "-";
    text += fmt::format("  {:>24}", good);
  }
  text += "\n";
  for (const Figure& figure : figures()) {
    const auto has = [&](const std::string& system) {
      return cell(find(groups, system, fault), figure) != "-";
    };
    if (!figure.compared || std::none_of(systems.begin(), systems.end(), has)) continue;
    text += fmt::format("  {:<{}}", figure.title, width);
    for (const std::string& system : systems) {
      text += fmt::format("  {:>24}", cell(find(groups, system, fault), figure));
    }
    text += "\n";
  }
  return text;
}

std::string bad_runs(const Document& document) {
  std::string text;
  for (const RunRecord& run : document.runs) {
    if (run.good()) continue;
    text += fmt::format("\n{}, {}, repetition {}: {}", run.system, run.fault, run.repetition, outcome(run));
  }
  return text;
}

std::string three_digits(double value) {
  if (value >= 100 || value == 0) return fmt::format("{:.0f}", value);
  return value >= 10 ? fmt::format("{:.1f}", value) : fmt::format("{:.2f}", value);
}

std::string bytes(double value) {
  if (value < 1e3) return fmt::format("{:.0f} B", value);
  return value < 1e6 ? three_digits(value / 1e3) + " kB" : three_digits(value / 1e6) + " MB";
}

}  // namespace

std::string shown(Unit unit, double value, bool open) { return (open ? "> " : "") + shown(unit, value); }

std::string shown(Unit unit, double value) {
  if (unit == Unit::bytes) return bytes(value);
  if (unit == Unit::count) {
    return value == std::floor(value) ? fmt::format("{:.0f}", value) : fmt::format("{:.1f}", value);
  }
  const double us = unit == Unit::ms ? value * 1000 : value;
  if (us == 0) return fmt::format("0 {}", text_of(unit));
  if (us < 1000) return three_digits(us) + " us";
  return us < 1e6 ? three_digits(us / 1e3) + " ms" : three_digits(us / 1e6) + " s";
}

std::string on_axis(Unit unit, double value) {
  const double us = unit == Unit::ms ? value * 1000 : value;
  if (us < 1000) return fmt::format("{:g} us", us);
  return us < 1e6 ? fmt::format("{:g} ms", us / 1e3) : fmt::format("{:g} s", us / 1e6);
}

std::string in_words(const std::string& program, const ProgramOutcome& outcome) {
  std::string text;
  for (const ProgramFigure& figure : program_figures()) {
    const auto found = outcome.figures.find(std::string(figure.key));
    if (figure.program != program || found == outcome.figures.end()) continue;
    const std::string value =
        figure.flag ? (found->second > 0 ? "" : "not ") : shown(figure.unit, found->second) + " ";
    text += fmt::format("{}{}{}", text.empty() ? "" : ", ", value, figure.title);
  }
  if (outcome.broke.empty()) return text;
  return text + (text.empty() ? "" : "; ") + outcome.broke;
}

std::string to_table(const Document& document) {
  const std::string end = document.interrupted ? "interrupted: fewer runs than wanted\n" : "";
  if (document.runs.size() == 1) return table_of_one(document.runs.front()) + end;
  const std::vector<Group> groups = groups_of(document);
  std::string text;
  for (const std::string& fault : faults_of(groups)) text += table_of_fault(groups, fault);
  return text + bad_runs(document) + end;
}

}  // namespace stillwater::rig
