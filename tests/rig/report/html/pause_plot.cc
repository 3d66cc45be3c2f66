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
constexpr double kRow = 34;
constexpr double kAxisHeight = 30;
constexpr double kRadius = 5;

// What fits beside the plot.
std::string shortened(const std::string& text) {
  constexpr std::size_t kCharacters = 28;
  return text.size() <= kCharacters ? text : text.substr(0, kCharacters - 1) + "…";
}

void draw_row(Svg& svg, const Group& group, double y, const Axis& x, const std::string& colour) {
  svg.text(kLeft - 12, y - 2, shortened(group.system), "row", Anchor::end);
  svg.text(kLeft - 12, y + 11, shortened(group.fault), "tick", Anchor::end);
  const auto p50 = group.spread("blackout_us_p50");
  const auto p99 = group.spread("blackout_us_p99");
  if (!p50 || !p99) return;
  svg.line(x.at(p50->median), y, x.at(p99->median), y, "span " + colour);
  for (const double value : p50->values) {
    svg.circle(x.at(value), y, kRadius, "dot " + colour, "median " + shown(Unit::us, value));
  }
  for (const double value : p99->values) {
    svg.circle(x.at(value), y, kRadius, "ring " + colour, "99th percentile " + shown(Unit::us, value));
  }
  svg.text(kRight + 10, y - 2, shown(Unit::us, p50->median), "value strong");
  svg.text(kRight + 10, y + 11, "99th " + shown(Unit::us, p99->median), "tick");
}

}  // namespace

std::string pause_plot(const std::vector<Group>& groups) {
  std::vector<const Group*> rows;
  double low = 1e9;
  double high = 1;
  for (const Group& group : groups) {
    for (const char* key : {"blackout_us_p50", "blackout_us_p99"}) {
      const auto spread = group.spread(key);
      if (!spread) continue;
      if (rows.empty() || rows.back() != &group) rows.push_back(&group);
      for (const double value : spread->values) {
        low = std::min(low, std::max(value, 1.0));
        high = std::max(high, value);
      }
    }
  }
  if (rows.empty()) return {};
  const double height = 8 + static_cast<double>(rows.size()) * kRow + kAxisHeight;
  Svg svg(height, "Checkpoint pause");
  const Axis x = Axis::logarithmic(low, high, kLeft, kRight);
  const double bottom = height - kAxisHeight;
  for (const double tick : x.ticks(12)) {
    svg.line(x.at(tick), 4, x.at(tick), bottom, "grid");
    svg.text(x.at(tick), bottom + 18, on_axis(Unit::us, tick), "tick", Anchor::middle);
  }
  double y = 8 + kRow / 2;
  for (const Group* group : rows) {
    draw_row(svg, *group, y, x, colour_of(group->system, systems_of(groups)));
    y += kRow;
  }
  return svg.done();
}

}  // namespace stillwater::rig
