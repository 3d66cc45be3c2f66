#include "tests/rig/report/html/page.h"

#include <algorithm>

#include <fmt/format.h>

#include "tests/rig/report/html/plots.h"
#include "tests/rig/report/html/style.h"
#include "tests/rig/report/html/tables.h"
#include "tests/rig/report/markup.h"

namespace stillwater::rig {
namespace {

std::string section(const std::string& title, const std::string& note, const std::string& content) {
  return fmt::format("<section>\n<h2>{}</h2>\n<p class=\"note\">{}</p>\n{}</section>\n", escaped(title),
                     escaped(note), content);
}

std::string figure(const std::string& svg) { return "<figure>\n" + svg + "</figure>\n"; }

std::string verdict_of(const Document& document) {
  const auto good = std::count_if(document.runs.begin(), document.runs.end(),
                                  [](const RunRecord& run) { return run.good(); });
  const std::size_t all = document.runs.size();
  const std::string words =
      all == 1 ? (good == 1 ? "good" : "bad") : fmt::format("{} of {} runs good", good, all);
  return fmt::format("<span class=\"pill {}\">{}{}</span>", document.good() ? "good" : "bad", words,
                     document.interrupted ? ", interrupted" : "");
}

std::string header(const Document& document) {
  return fmt::format(
      "<header>\n<p class=\"over\">Failover rig</p>\n<h1>{}</h1>\n<p>{}</p>\n<p>{}</p>\n"
      "<p class=\"meta\">{} TCP connections, {} probes/s each way, {} new connections/s; {:g} s before the "
      "fault, "
      "{:g} s after it; seed {}.<br>{}; {}.</p>\n</header>\n",
      escaped(document.scenario), escaped(document.about), verdict_of(document), document.connections,
      document.probes_per_s, document.new_per_s, document.seconds_before, document.seconds_after,
      document.seed, escaped(document.machine), escaped(document.started));
}

std::string reasons_of(const RunRecord& run) {
  if (run.good()) return {};
  if (!run.failure.empty()) return section("Nothing to judge", run.failure, "");
  std::string list = "<ul>\n";
  for (const std::string& reason : run.reasons) list += fmt::format("<li>{}</li>\n", escaped(reason));
  return section("Why it is bad", "What the verdict asks for and did not find.", list + "</ul>\n");
}

std::string comparison(const std::vector<Group>& groups) {
  std::string tables;
  for (const std::string& fault : faults_of(groups)) {
    tables += fmt::format("<h3>{}</h3>\n{}", escaped(fault), side_by_side(groups, fault));
  }
  return section(
      "Side by side",
      "Median of the repetitions, then the worst. A figure is green where every repetition of that "
      "system was better than every repetition of all others; where they overlap, none is.",
      tables);
}

std::string timelines(const std::vector<Group>& groups) {
  const std::vector<std::string> systems = systems_of(groups);
  std::string plots;
  for (const Group& group : groups) {
    const std::string plot = timeline_plot(group, colour_of(group.system, systems));
    if (plot.empty()) continue;
    plots += fmt::format("<h3><i class=\"swatch {}\"></i>{}, {}</h3>\n{}", colour_of(group.system, systems),
                         escaped(group.system), escaped(group.fault), figure(plot));
  }
  return section(
      "Around the fault",
      "One-way latency of the probes of the worst repetition in its worse direction, by when they were sent: "
      "the median of "
      "each step, and its maximum as the thin line. Below, a lane a repetition: red where no probe "
      "arrived, above on the way to the server, below to the client. Each plot has a time scale of its own.",
      plots);
}

// What was seen of each run that was watched; runs that are in order are told in one line.
std::string wire(const Document& document) {
  std::string lines;
  std::size_t clean = 0;
  for (const RunRecord& run : document.runs) {
    if (run.wire.empty()) continue;
    const bool told = document.runs.size() == 1 || run.wire != "clean";
    if (!told) ++clean;
    if (!told) continue;
    lines += fmt::format("<details{}><summary>{}, {}, repetition {}: {}</summary><pre>{}</pre></details>\n",
                         document.runs.size() == 1 ? " open" : "", escaped(run.system), escaped(run.fault),
                         run.repetition, run.wire, escaped(run.wire_says));
  }
  if (clean > 0) lines += fmt::format("<p>{} more: one node at a time answered.</p>\n", clean);
  if (lines.empty()) return {};
  return section(
      "On the wire",
      "Frames captured at every port of both bridges for the whole run: did two nodes ever answer for "
      "one service address?",
      lines);
}

std::string programs(const Document& document) {
  const bool single = document.runs.size() == 1;
  std::string table = table_of_programs(document, Harm::some);
  const std::string unharmed = table_of_programs(document, Harm::none);
  if (table.empty() && unharmed.empty()) return {};
  // Of many runs, those that are in order are not what a reader comes for.
  if (single) table += unharmed;
  if (!single && !unharmed.empty()) {
    table += "<details><summary>unharmed</summary>\n" + unharmed + "</details>\n";
  }
  return section(
      "Real programs",
      "Through the system for the whole run: one iperf3 stream as its receiver saw it; a long download "
      "and short requests with nginx and curl, and an ssh session, every byte compared; lookups with dig.",
      table);
}

std::string details(const std::vector<Group>& groups) {
  std::string tables;
  for (const Group& group : groups) {
    tables += fmt::format("<details><summary>{}, {}</summary>\n{}</details>\n", escaped(group.system),
                          escaped(group.fault), all_figures(group));
  }
  return section("Every figure", "Median, worst and every raw value; REPORT.md says how each is measured.",
                 tables);
}

std::string body(const Document& document) {
  const std::vector<Group> groups = groups_of(document);
  if (groups.empty()) return section("No run", "Nothing was measured.", "");
  const bool single = document.runs.size() == 1;
  std::string text;
  if (single && document.runs.front().failure.empty()) text += tiles_of(document.runs.front());
  if (single) text += reasons_of(document.runs.front());
  if (!single) {
    text += section("Outages",
                    "The longest gap in the probe's arrivals, a dot a repetition; the bar is the median. An "
                    "arrow: traffic had not come back when the repetition ended.",
                    figure(outage_plot(groups, document.outage_ms_at_most)));
    text += comparison(groups);
  }
  text += timelines(groups);
  if (single && !document.runs.front().takeover.empty()) {
    text += section("Takeover", "As the successor tells it.",
                    "<p>" + escaped(document.runs.front().takeover) + "</p>\n");
  }
  if (const std::string pause = pause_plot(groups); !pause.empty()) {
    text += section("Checkpoint pause",
                    "How long forwarding stood still for one checkpoint under steady load: median (dot) and "
                    "99th percentile (ring) of each repetition.",
                    figure(pause));
  }
  text += programs(document);
  text += wire(document);
  text += details(groups);
  if (single) return text;
  return text + section("Runs", "In the order in which they ran.", list_of_runs(document));
}

}  // namespace

std::string to_html(const Document& document) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}: failover report</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n{}{}</main>\n</body>\n"
      "</html>\n",
      escaped(document.scenario), style_sheet(), header(document), body(document));
}

}  // namespace stillwater::rig
