#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "tests/rig/report/html/axis.h"
#include "tests/rig/report/html/plots.h"
#include "tests/rig/report/html/svg.h"
#include "tests/rig/report/table.h"

namespace stillwater::rig {
namespace {

constexpr double kLeft = 70;
constexpr double kRight = Svg::kWidth - 90;
constexpr double kTop = 18;
constexpr double kTraceHeight = 130;
constexpr double kLaneHeight = 16;
constexpr double kStripHeight = 7.5;
constexpr double kLanePitch = 22;
constexpr double kAxisHeight = 34;
// A gap that is narrower could not be seen.
constexpr double kNarrowest = 1.5;

double longest_gap_ms(const Timeline& timeline) {
  double longest = 0;
  for (const ProbeGap& gap : timeline.gaps) longest = std::max(longest, gap.end_ms - gap.begin_ms);
  return longest;
}

double longest_gap_ms(const RunRecord& run) {
  return std::max(longest_gap_ms(run.timeline), longest_gap_ms(run.timeline_to_client));
}

// The direction with the longer gap; of equals, to the server.
const Timeline& worse_way(const RunRecord& run) {
  return longest_gap_ms(run.timeline_to_client) > longest_gap_ms(run.timeline) ? run.timeline_to_client
                                                                               : run.timeline;
}

// A curve with breaks where no probe arrived.
std::string curve(const Timeline& timeline, const std::vector<std::optional<double>>& values, const Axis& x,
                  const Axis& y) {
  std::string path;
  bool drawing = false;
  for (std::size_t step = 0; step < values.size(); ++step) {
    if (!values[step]) {
      drawing = false;
      continue;
    }
    const double middle = timeline.delay_begin_ms + (static_cast<double>(step) + 0.5) * timeline.step_ms;
    path += fmt::format("{}{:.1f} {:.1f}", drawing ? 'L' : 'M', x.at(middle), y.at(*values[step]));
    drawing = true;
  }
  return path;
}

std::optional<Axis> latency_axis(const Timeline& timeline) {
  double low = 1e9;
  double high = 0;
  for (const auto* values : {&timeline.delay_us_p50, &timeline.delay_us_max}) {
    for (const auto& value : *values) {
      if (!value) continue;
      low = std::min(low, std::max(*value, 1.0));
      high = std::max(high, *value);
    }
  }
  if (high <= 0) return std::nullopt;
  return Axis::logarithmic(low, high, kTop + kTraceHeight, kTop);
}

void draw_trace(Svg& svg, const Timeline& timeline, const Axis& x, const std::string& colour) {
  const auto y = latency_axis(timeline);
  if (!y) return;
  for (const double tick : y->ticks(4)) {
    svg.line(kLeft, y->at(tick), kRight, y->at(tick), "grid");
    svg.text(kLeft - 8, y->at(tick) + 4, on_axis(Unit::us, tick), "tick", Anchor::end);
  }
  svg.path(curve(timeline, timeline.delay_us_max, x, *y), "trace max " + colour);
  svg.path(curve(timeline, timeline.delay_us_p50, x, *y), "trace " + colour);
}

// One direction: the upper half of a lane to the server, the lower half to the client.
void draw_strip(Svg& svg, const Timeline& timeline, const char* way, double y, const Axis& x,
                const std::string& colour) {
  if (timeline.end_ms <= timeline.begin_ms) return;
  const double begin = x.at(timeline.begin_ms);
  svg.rect(begin, y, x.at(timeline.end_ms) - begin, kStripHeight, "lane " + colour);
  for (const ProbeGap& gap : timeline.gaps) {
    if (gap.end_ms < x.low() || gap.begin_ms > x.high()) continue;
    const double from = x.at(gap.begin_ms);
    svg.rect(from, y, std::max(kNarrowest, x.at(gap.end_ms) - from), kStripHeight, "lost",
             fmt::format("{}: {} lost in {}, from {:+.1f} ms to {:+.1f} ms", way, gap.lost,
                         shown(Unit::ms, gap.end_ms - gap.begin_ms), gap.begin_ms, gap.end_ms));
  }
}

void draw_lane(Svg& svg, const RunRecord& run, double y, const Axis& x, const std::string& colour) {
  svg.text(kLeft - 8, y + kLaneHeight - 4, fmt::format("{}", run.repetition), "tick", Anchor::end);
  if (!run.failure.empty()) {
    svg.text(kLeft, y + kLaneHeight - 4, "not measured: " + run.failure.substr(0, 100), "tick");
    return;
  }
  draw_strip(svg, run.timeline, "to the server", y, x, colour);
  draw_strip(svg, run.timeline_to_client, "to the client", y + kLaneHeight - kStripHeight, x, colour);
  const std::string outage = shown(Unit::ms, run.figure("outage_ms").value_or(0), never_came_back(run));
  svg.text(kRight + 8, y + kLaneHeight - 4, outage, "value");
}

void draw_time_axis(Svg& svg, const Axis& x, double bottom) {
  for (const double tick : x.ticks(9)) {
    svg.line(x.at(tick), kTop, x.at(tick), bottom, "grid");
    const bool seconds = x.high() > 5000;
    svg.text(x.at(tick), bottom + 16,
             tick == 0 ? "fault"
             : seconds ? fmt::format("{:+g} s", tick / 1000)
                       : fmt::format("{:+g} ms", tick),
             tick == 0 ? "tick strong" : "tick", Anchor::middle);
  }
}

}  // namespace

const RunRecord* worst_run(const Group& group) {
  const RunRecord* worst = nullptr;
  for (const RunRecord* run : group.runs) {
    if (!run->failure.empty()) continue;
    if (worst == nullptr || longest_gap_ms(*run) > longest_gap_ms(*worst)) worst = run;
  }
  return worst;
}

std::string timeline_plot(const Group& group, const std::string& colour) {
  const RunRecord* worst = worst_run(group);
  if (worst == nullptr) return {};
  const Timeline& timeline = worse_way(*worst);
  if (timeline.end_ms <= timeline.begin_ms) return {};
  const double steps = static_cast<double>(std::max<std::size_t>(timeline.delay_us_p50.size(), 1));
  const Axis x = Axis::linear(timeline.delay_begin_ms, timeline.delay_begin_ms + steps * timeline.step_ms,
                              kLeft, kRight);
  const double lanes = kTop + kTraceHeight + 22;
  const double bottom = lanes + static_cast<double>(group.runs.size()) * kLanePitch;
  Svg svg(bottom + kAxisHeight,
          fmt::format("Probe around the fault: {} under {}", group.system, group.fault));
  draw_time_axis(svg, x, bottom);
  draw_trace(svg, timeline, x, colour);
  double y = lanes;
  for (const RunRecord* run : group.runs) {
    draw_lane(svg, *run, y, x, colour);
    y += kLanePitch;
  }
  svg.line(x.at(0), kTop - 6, x.at(0), bottom, "fault");
  return svg.done();
}

}  // namespace stillwater::rig
