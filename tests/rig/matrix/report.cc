#include "tests/rig/matrix/report.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace stillwater::rig {
namespace {

using Json = nlohmann::ordered_json;

template <class Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json();
}

Json to_json(const StrikeRecord& it) {
  return {{"number", it.number},
          {"at", it.at},
          {"begin_s", it.begin_s},
          {"first", it.draw.first},
          {"second", it.draw.second},
          {"offset_ms", it.draw.offset / 1ms},
          {"floods", it.draw.floods},
          {"leader_before", it.leader_before},
          {"leader_after", it.leader_after},
          {"outage_ms", it.outage_ms},
          {"whole_ms", or_null(it.whole_ms)},
          {"sessions_asked", it.asked},
          {"sessions_forgotten", it.forgotten},
          {"may_forget", or_null(it.may_forget)},
          {"serves", it.serves},
          {"stale_frames", it.stale_frames},
          {"wrong_ports", it.wrong_ports},
          {"duplicates", it.duplicates},
          {"reasons", it.reasons},
          {"wire", it.wire}};
}

auto bad_ones(const MatrixReport& report) {
  return std::count_if(report.strikes.begin(), report.strikes.end(),
                       [](const StrikeRecord& it) { return !it.good(); });
}

}  // namespace

bool MatrixReport::good() const {
  return failure.empty() && !interrupted && !strikes.empty() && bad_ones(*this) == 0;
}

std::string to_line(const StrikeRecord& it) {
  const std::string whole = it.whole_ms ? fmt::format("{:.1f} s", *it.whole_ms / 1e3) : "never";
  std::string line = fmt::format(
      "{:4} {:6.1f} s  {}{}: {} > {}, outage {:.0f} ms, whole after {}, {} of {} sessions forgotten{}, {} "
      "stale "
      "frames: {}\n",
      it.number, it.begin_s, it.draw.schedule(), it.draw.floods ? ", flooding" : "", it.leader_before,
      it.leader_after.empty() ? "nobody" : it.leader_after, it.outage_ms, whole, it.forgotten, it.asked,
      it.may_forget && it.forgotten > 0 ? " by right" : "", it.stale_frames, it.good() ? "good" : "BAD");
  for (const std::string& reason : it.reasons) line += "       - " + reason + "\n";
  return line;
}

std::string to_summary(const MatrixReport& report, const std::string& command) {
  std::string text =
      fmt::format("seed {}: {} strikes, {} bad\n", report.seed, report.strikes.size(), bad_ones(report));
  for (const StrikeRecord& it : report.strikes) {
    if (it.good()) continue;
    text += fmt::format("strike {}, at {}: again with `{} --seed {} --strikes {}`\n", it.number, it.at,
                        command, report.seed, it.number);
  }
  if (!report.failure.empty()) text += "ended early: " + report.failure + "\n";
  return text;
}

std::string to_json(const MatrixReport& report) {
  Json json{{"scenario", report.scenario}, {"system", report.system},   {"seed", report.seed},
            {"good", report.good()},       {"failure", report.failure}, {"interrupted", report.interrupted},
            {"strikes", Json::array()}};
  for (const StrikeRecord& it : report.strikes) json["strikes"].push_back(to_json(it));
  return json.dump(1) + "\n";
}

}  // namespace stillwater::rig
