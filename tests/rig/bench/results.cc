#include "tests/rig/bench/results.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/rig/report/machine.h"

namespace stillwater::rig {
namespace {

using Json = nlohmann::json;

// Of at least one sample.
double percentile(std::vector<double> samples, double p) {
  std::sort(samples.begin(), samples.end());
  return samples[static_cast<std::size_t>(p * static_cast<double>(samples.size() - 1))];
}

Json json_of(const BenchRow& row, const std::string& started) {
  Json json{{"id", row.id}, {"unit", row.unit}, {"repetitions", row.samples.size()}, {"started", started}};
  if (const auto median = row.median()) {
    json["value"] = json["p50"] = *median;
    json["min"] = percentile(row.samples, 0);
    json["p25"] = percentile(row.samples, 0.25);
    json["p75"] = percentile(row.samples, 0.75);
    json["p99"] = percentile(row.samples, 0.99);
    json["max"] = *row.worst();
  }
  if (row.bound) json["bound"] = *row.bound, json["bound_of"] = row.bound_of;
  if (const auto ratio = row.ratio()) json["ratio"] = *ratio;
  if (row.target) json["target"] = *row.target;
  if (row.target_worst) json["target_worst"] = *row.target_worst;
  if (const auto met = row.met()) json["met"] = *met;
  if (!row.note.empty()) json["note"] = row.note;
  return json;
}

std::string number(const std::optional<double>& value) {
  if (!value) return "-";
  return fmt::format("{:.{}f}", *value,
                     *value == static_cast<double>(static_cast<std::int64_t>(*value)) ? 0 : 1);
}

std::string targets_of(const BenchRow& row) {
  std::string text = number(row.target);
  if (row.target_worst && row.target_worst != row.target)
    text += fmt::format(" ({})", number(row.target_worst));
  return text;
}

}  // namespace

std::string to_table(const std::vector<BenchRow>& rows) {
  std::string text = fmt::format("\n{:<30} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>6} {:>8}  \n", "", "median",
                                 "p25", "p75", "min", "max", "bound", "ratio", "target");
  for (const BenchRow& row : rows) {
    const auto at = [&](double p) {
      return number(row.samples.empty() ? std::nullopt : std::optional(percentile(row.samples, p)));
    };
    const auto ratio = row.ratio();
    const auto met = row.met();
    text += fmt::format("{:<30} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>6} {:>8}  {}\n", row.id,
                        number(row.median()), at(0.25), at(0.75), at(0), at(1), number(row.bound),
                        ratio ? fmt::format("{:.2f}", *ratio) : "-", targets_of(row),
                        !met   ? ""
                        : *met ? "met"
                               : "MISSED");
    if (!row.note.empty()) text += fmt::format("    {}\n", row.note);
  }
  return text;
}

std::string to_json(const std::vector<BenchRow>& rows, const std::string& started,
                    const std::string& before) {
  Json results = Json::array();
  const Json earlier = Json::parse(before, nullptr, false);
  if (earlier.is_object() && earlier.contains("results") && earlier["results"].is_array()) {
    results = earlier["results"];
  }
  for (const BenchRow& row : rows) {
    Json json = json_of(row, started);
    const auto same = std::find_if(results.begin(), results.end(), [&](const Json& it) {
      return it.is_object() && it.contains("id") && it["id"] == row.id;
    });
    if (same == results.end())
      results.push_back(std::move(json));
    else
      *same = std::move(json);
  }
  return Json{{"machine", this_machine()}, {"results", results}}.dump(2) + "\n";
}

}  // namespace stillwater::rig
