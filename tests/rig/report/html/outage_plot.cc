#include <algorithm>

#include <fmt/format.h>

#include "tests/rig/report/html/axis.h"
#include "tests/rig/report/html/plots.h"
#include "tests/rig/report/html/svg.h"
#include "tests/rig/report/table.h"

namespace stillwater::rig {
namespace {

constexpr double kLeft = 210;
constexpr double kRight = Svg::kWidth - 150;
constexpr double kZero = kLeft + 14;   // where runs without an outage stand
constexpr double kFirst = kLeft + 64;  // the logarithmic part begins here
constexpr double kRow = 30;
constexpr double kTitle = 30;
constexpr double kAxisHeight = 42;
constexpr double kRadius = 5;

struct Range {
  double low = 10;
  double high = 100;
};

Range range_of(const std::vector<Group>& groups, double limit_ms) {
  Range range{limit_ms, limit_ms};
  for (const Group& group : groups) {
    const auto spread = group.spread("outage_ms");
    if (!spread) continue;
    for (const double value : spread->values) {
      if (value <= 0) continue;
      range = {std::min(range.low, value), std::max(range.high, value)};
    }
  }
  return {std::max(range.low, 0.1), std::max(range.high, 1.0)};
}

double place(const Axis& x, double ms) { return ms <= 0 ? kZero : x.at(ms); }

// Dots of equal outages would hide one another: each run has its own height within the row.
double height_in_row(std::size_t index, std::size_t count) {
  if (count < 2) return 0;
  constexpr double kSpread = 12;
  return (static_cast<double>((index * 7) % count) / static_cast<double>(count - 1) - 0.5) * kSpread;
}

void draw_row(Svg& svg, const Group& group, double y, const Axis& x, const std::string& colour) {
  svg.text(kLeft - 12, y + 4, group.system, "row", Anchor::end);
  svg.line(kLeft, y + kRow / 2, kRight, y + kRow / 2, "grid");
  const auto spread = group.spread("outage_ms");
  if (!spread) {
    svg.text(kLeft + 8, y + 4, group.runs.front()->impossible ? group.runs.front()->failure : "not measured",
             "tick");
    return;
  }
  const double middle = place(x, spread->median);
  svg.line(middle, y - 11, middle, y + 11, "median " + colour);
  for (std::size_t i = 0; i < group.runs.size(); ++i) {
    const RunRecord& run = *group.runs[i];
    const auto outage = run.figure("outage_ms");
    if (!outage) continue;
    const double at = y + height_in_row(i, group.runs.size());
    const std::string title = fmt::format("repetition {}: {}{}", run.repetition,
                                          never_came_back(run) ? "more than " : "", shown(Unit::ms, *outage));
    if (never_came_back(run)) {
      svg.arrow(place(x, *outage), at, kRadius, "dot " + colour, title);
    } else {
      svg.circle(place(x, *outage), at, kRadius, "dot " + colour, title);
    }
  }
  svg.text(kRight + 10, y - 1, shown(Unit::ms, spread->median, spread->median_open), "value strong");
  svg.text(kRight + 10, y + 12, "worst " + shown(Unit::ms, spread->worst, spread->worst_open), "tick");
}

}  // namespace

std::string colour_of(const std::string& system, const std::vector<std::string>& systems) {
  constexpr std::ptrdiff_t kColours = 6;  // of the style sheet
  const auto at = std::find(systems.begin(), systems.end(), system) - systems.begin();
  return fmt::format("s{}", at % kColours);
}

std::string outage_plot(const std::vector<Group>& groups, double limit_ms) {
  const std::vector<std::string> systems = systems_of(groups);
  const std::vector<std::string> faults = faults_of(groups);
  const double height = 12 + static_cast<double>(faults.size()) * kTitle +
                        static_cast<double>(groups.size()) * kRow + kAxisHeight;
  Svg svg(height, "Distribution of outages by fault and system");
  const Range range = range_of(groups, limit_ms);
  const Axis x = Axis::logarithmic(range.low, range.high, kFirst, kRight);
  const double bottom = height - kAxisHeight;
  svg.line(kZero, 8, kZero, bottom, "grid");
  svg.text(kZero, bottom + 18, "0", "tick", Anchor::middle);
  for (const double tick : x.ticks(9)) {
    svg.line(x.at(tick), 8, x.at(tick), bottom, "grid");
    svg.text(x.at(tick), bottom + 18, on_axis(Unit::ms, tick), "tick", Anchor::middle);
  }
  double y = 12;
  for (const std::string& fault : faults) {
    svg.text(0, y + 18, fault, "block");
    y += kTitle;
    for (const Group& group : groups) {
      if (group.fault != fault) continue;
      draw_row(svg, group, y + kRow / 2 - 4, x, colour_of(group.system, systems));
      y += kRow;
    }
  }
  svg.line(x.at(limit_ms), 8, x.at(limit_ms), bottom, "limit");
  svg.text(x.at(limit_ms), bottom + 35, "limit of the verdict", "tick limit-text", Anchor::middle);
  return svg.done();
}

}  // namespace stillwater::rig
