#include "tests/rig/report/html/tables.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/rig/report/html/plots.h"
#include "tests/rig/report/markup.h"
#include "tests/rig/report/table.h"

namespace stillwater::rig {
namespace {

std::string tile(const std::string& value, const std::string& what) {
  return fmt::format("<div class=\"tile\"><b>{}</b><span>{}</span></div>\n", escaped(value), escaped(what));
}

std::string words(const RunRecord& run, const char* key, Unit unit) {
  const auto value = run.figure(key);
  return value ? shown(unit, *value) : "-";
}

// By how the worst of `a` compares with the best of `b`.
bool wholly_better(const Figure& figure, const Spread& a, const Spread& b) {
  const auto [a_least, a_greatest] = std::minmax_element(a.values.begin(), a.values.end());
  const auto [b_least, b_greatest] = std::minmax_element(b.values.begin(), b.values.end());
  if (figure.better == Better::less) return *a_greatest < *b_least;
  return figure.better == Better::more && *a_least > *b_greatest;
}

// Of those that have the figure: one that cannot suffer the fault takes part in nothing.
bool is_ahead(const Figure& figure, const Spread& own, const std::vector<std::optional<Spread>>& others) {
  bool compared = false;
  for (const auto& other : others) {
    if (!other) continue;
    if (!wholly_better(figure, own, *other)) return false;
    compared = true;
  }
  return compared;
}

std::string cell(const Figure& figure, const std::optional<Spread>& own,
                 const std::vector<std::optional<Spread>>& others) {
  if (!own) return "<td>–</td>";
  const std::string median = escaped(shown(figure.unit, own->median, own->median_open));
  const std::string worst = escaped(shown(figure.unit, own->worst, own->worst_open));
  return fmt::format("<td{}>{}{}</td>", is_ahead(figure, *own, others) ? " class=\"ahead\"" : "", median,
                     own->values.size() > 1 ? "<small>" + worst + "</small>" : "");
}

std::string figure_row(const Figure& figure, const std::vector<const Group*>& columns) {
  std::vector<std::optional<Spread>> spreads;
  for (const Group* group : columns) spreads.push_back(group->spread(figure));
  const auto known = [](const std::optional<Spread>& spread) { return spread.has_value(); };
  if (std::none_of(spreads.begin(), spreads.end(), known)) return {};
  std::string row = fmt::format("<tr><th>{}</th>", escaped(figure.title));
  for (std::size_t own = 0; own < spreads.size(); ++own) {
    std::vector<std::optional<Spread>> others = spreads;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(own));
    row += cell(figure, spreads[own], others);
  }
  return row + "</tr>\n";
}

std::string outcome(const RunRecord& run) {
  if (!run.failure.empty()) return "not measured: " + run.failure;
  if (run.good()) return run.takeover.empty() ? "good" : "good; " + run.takeover;
  return fmt::format("{}", fmt::join(run.reasons, "; "));
}

}  // namespace

std::string tiles_of(const RunRecord& run) {
  std::string tiles = "<section class=\"tiles\">\n";
  tiles +=
      tile((never_came_back(run) ? "> " : "") + words(run, "outage_ms", Unit::ms), "outage, the longest gap");
  tiles += tile(words(run, "probe_lost_failover", Unit::count),
                fmt::format("packets lost of {}", words(run, "probe_sent", Unit::count)));
  tiles += tile(fmt::format("{} of {}", words(run, "tcp_survived", Unit::count),
                            words(run, "tcp_established", Unit::count)),
                "established sessions survived");
  tiles += tile(words(run, "new_connections_failed", Unit::count),
                fmt::format("new sessions lost of {}", run.figure("new_connections_ok").value_or(0) +
                                                           run.figure("new_connections_failed").value_or(0)));
  tiles += tile(words(run, "probe_delay_us_p99", Unit::us), "latency before, 99th percentile");
  const bool pauses = run.figure("blackout_us_p99").has_value();
  tiles += pauses ? tile(words(run, "blackout_us_p99", Unit::us), "checkpoint pause, 99th percentile")
                  : tile(words(run, "delay_after_us_p99", Unit::us), "latency after, 99th percentile");
  return tiles + "</section>\n";
}

std::string side_by_side(const std::vector<Group>& groups, const std::string& fault) {
  const std::vector<std::string> systems = systems_of(groups);
  std::vector<const Group*> columns;
  for (const Group& group : groups) {
    if (group.fault == fault) columns.push_back(&group);
  }
  std::string table = "<div class=\"scroll\"><table class=\"sides\"><thead><tr><th></th>";
  std::string good = "<tr><th>Good runs</th>";
  for (const Group* group : columns) {
    table += fmt::format("<th><i class=\"swatch {}\"></i>{}</th>", colour_of(group->system, systems),
                         escaped(group->system));
    good += fmt::format("<td>{} of {}</td>", group->good(), group->runs.size());
  }
  table += "</tr></thead><tbody>\n" + good + "</tr>\n";
  for (const Figure& figure : figures()) {
    if (figure.compared) table += figure_row(figure, columns);
  }
  return table + "</tbody></table></div>\n";
}

std::string all_figures(const Group& group) {
  std::string table =
      "<div class=\"scroll\"><table><thead><tr><th>Figure</th><th>median</th><th>worst</th>"
      "<th>every value</th></tr></thead><tbody>\n";
  for (const Figure& figure : figures()) {
    const auto spread = group.spread(figure);
    if (!spread) continue;
    table +=
        fmt::format("<tr><th>{}</th><td>{}</td><td>{}</td><td class=\"raw\">{:g} {}</td></tr>\n",
                    escaped(figure.title), shown(figure.unit, spread->median),
                    shown(figure.unit, spread->worst), fmt::join(spread->values, ", "), text_of(figure.unit));
  }
  return table + "</tbody></table></div>\n";
}

std::string table_of_programs(const Document& document, Harm harm) {
  std::string rows;
  for (const RunRecord& run : document.runs) {
    for (const auto& [name, outcome] : run.programs) {
      if (outcome.broke.empty() != (harm == Harm::none)) continue;
      const char* pill = outcome.broke.empty() ? "good" : "bad";
      rows += fmt::format(
          "<tr><th>{}</th><td>{}</td><td>{}</td><td>{}</td>"
          "<td><span class=\"pill {}\">{}</span></td><td class=\"words\">{}</td></tr>\n",
          escaped(name), escaped(run.system), escaped(run.fault), run.repetition, pill,
          outcome.broke.empty() ? "unharmed" : "harmed", escaped(in_words(name, outcome)));
    }
  }
  if (rows.empty()) return {};
  return "<div class=\"scroll\"><table><thead><tr><th>Program</th><th>system</th><th>fault</th>"
         "<th>repetition</th><th></th><th></th></tr></thead><tbody>\n" +
         rows + "</tbody></table></div>\n";
}

std::string list_of_runs(const Document& document) {
  std::string table =
      "<div class=\"scroll\"><table><thead><tr><th>System</th><th>fault</th><th>repetition</th>"
      "<th>verdict</th><th></th></tr></thead><tbody>\n";
  for (const RunRecord& run : document.runs) {
    table += fmt::format(
        "<tr><th>{}</th><td>{}</td><td>{}</td><td><span class=\"pill {}\">{}</span></td>"
        "<td class=\"words\">{}</td></tr>\n",
        escaped(run.system), escaped(run.fault), run.repetition, run.good() ? "good" : "bad",
        run.good() ? "good" : "bad", escaped(outcome(run)));
  }
  return table + "</tbody></table></div>\n";
}

}  // namespace stillwater::rig
