#include "tests/rig/report/json.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/rig/report/figure.h"
#include "tests/rig/report/program_figure.h"
#include "tests/rig/report/summary.h"

namespace stillwater::rig {
namespace {

using Json = nlohmann::ordered_json;

Json whole_if_it_is(double value) {
  return value == std::floor(value) ? Json(static_cast<std::int64_t>(value)) : Json(value);
}

Json number(const Figure& figure, double value) {
  return figure.unit == Unit::count ? whole_if_it_is(value) : Json(value);
}

Json to_json(const Timeline& timeline) {
  Json gaps = Json::array();
  for (const ProbeGap& gap : timeline.gaps) gaps.push_back({gap.begin_ms, gap.end_ms, gap.lost});
  const auto curve = [](const std::vector<std::optional<double>>& values) {
    Json array = Json::array();
    for (const auto& value : values) array.push_back(value ? Json(*value) : Json(nullptr));
    return array;
  };
  return {{"begin_ms", timeline.begin_ms},
          {"end_ms", timeline.end_ms},
          {"gaps", gaps},
          {"delay_begin_ms", timeline.delay_begin_ms},
          {"step_ms", timeline.step_ms},
          {"delay_us_p50", curve(timeline.delay_us_p50)},
          {"delay_us_max", curve(timeline.delay_us_max)}};
}

Json to_json(const std::map<std::string, ProgramOutcome>& programs) {
  Json json = Json::object();
  for (const auto& [name, outcome] : programs) {
    Json& entry = json[name];
    for (const ProgramFigure& figure : program_figures()) {
      const auto found = outcome.figures.find(std::string(figure.key));
      if (figure.program != name || found == outcome.figures.end()) continue;
      entry[std::string(figure.key)] = whole_if_it_is(found->second);
    }
    entry["broke"] = outcome.broke.empty() ? Json(nullptr) : Json(outcome.broke);
  }
  return json;
}

void add_run(const RunRecord& run, Json& json) {
  json["verdict"] = run.good() ? "good" : "bad";
  json["reasons"] = run.reasons;
  json["failure"] = run.failure.empty() ? Json(nullptr) : Json(run.failure);
  json["impossible"] = run.impossible;
  json["system"] = run.system;
  json["fault"] = run.fault;
  json["repetition"] = run.repetition;
  json["seconds"] = std::round(run.seconds * 10) / 10;
  for (const Figure& figure : figures()) {
    const auto value = run.figure(std::string(figure.key));
    json[std::string(figure.key)] = value ? number(figure, *value) : Json(nullptr);
  }
  json["tcp_broken_because"] = run.tcp_broken_because;
  json["new_connections_failed_because"] = run.new_connections_failed_because;
  json["server_first_broken_because"] = run.server_first_broken_because;
  json["churn_broken_because"] = run.churn_broken_because;
  json["programs"] = to_json(run.programs);
  json["takeover"] = run.takeover;
  json["wire"] = run.wire.empty() ? Json(nullptr) : Json(run.wire);
  json["wire_says"] = run.wire_says;
}

Json summary_of(const Group& group) {
  Json spreads = Json::object();
  for (const Figure& figure : figures()) {
    const auto spread = group.spread(figure);
    if (!spread) continue;
    Json values = Json::array();
    for (const double value : spread->values) values.push_back(number(figure, value));
    spreads[std::string(figure.key)] = {{"median", number(figure, spread->median)},
                                        {"worst", number(figure, spread->worst)},
                                        {"values", values}};
  }
  return {{"system", group.system},
          {"fault", group.fault},
          {"runs", group.runs.size()},
          {"good", group.good()},
          {"figures", spreads}};
}

// Where reading is in the file, and typed access that fails by name.
class Reader {
 public:
  Reader(const Json& json, std::string where) : json_(json), where_(std::move(where)) {}

  template <class T>
  T get(const char* key) const {
    const auto found = json_.find(key);
    if (found == json_.end()) throw std::runtime_error(fmt::format("{} has no '{}'", where_, key));
    try {
      return found->get<T>();
    } catch (const Json::exception&) {
      throw std::runtime_error(fmt::format("'{}' of {} is of the wrong kind", key, where_));
    }
  }

 private:
  const Json& json_;
  std::string where_;
};

std::vector<std::optional<double>> curve_of(const Json& array) {
  std::vector<std::optional<double>> curve;
  for (const Json& value : array) {
    curve.push_back(value.is_number() ? std::optional(value.get<double>()) : std::nullopt);
  }
  return curve;
}

Timeline timeline_of(const Json& json, const std::string& where) {
  const Reader reader(json, where);
  Timeline timeline;
  timeline.begin_ms = reader.get<double>("begin_ms");
  timeline.end_ms = reader.get<double>("end_ms");
  timeline.delay_begin_ms = reader.get<double>("delay_begin_ms");
  timeline.step_ms = reader.get<double>("step_ms");
  if (!(timeline.step_ms > 0)) throw std::runtime_error("'step_ms' of " + where + " is not above 0");
  for (const Json& gap : reader.get<Json>("gaps")) {
    const auto [begin, end, lost] = gap.get<std::tuple<double, double, std::uint64_t>>();
    timeline.gaps.push_back({begin, end, lost});
  }
  timeline.delay_us_p50 = curve_of(reader.get<Json>("delay_us_p50"));
  timeline.delay_us_max = curve_of(reader.get<Json>("delay_us_max"));
  return timeline;
}

std::map<std::string, ProgramOutcome> programs_of(const Json& json) {
  std::map<std::string, ProgramOutcome> programs;
  for (const auto& [name, entry] : json.items()) {
    ProgramOutcome& outcome = programs[name];
    for (const auto& [key, value] : entry.items()) {
      if (value.is_number()) outcome.figures[key] = value.get<double>();
      if (key == "broke" && value.is_string()) outcome.broke = value.get<std::string>();
    }
  }
  return programs;
}

RunRecord run_of(const Json& json, std::size_t index) {
  const std::string where = fmt::format("run {}", index);
  const Reader reader(json, where);
  RunRecord run;
  run.system = reader.get<std::string>("system");
  run.fault = reader.get<std::string>("fault");
  run.impossible = reader.get<bool>("impossible");
  run.repetition = reader.get<std::uint32_t>("repetition");
  run.seconds = reader.get<double>("seconds");
  run.reasons = reader.get<std::vector<std::string>>("reasons");
  const Json failure = reader.get<Json>("failure");
  if (failure.is_string()) run.failure = failure.get<std::string>();
  for (const Figure& figure : figures()) {
    const std::string key(figure.key);
    const auto value = json.find(key);
    if (value != json.end() && value->is_number()) run.figures[key] = value->get<double>();
  }
  using Reasons = std::map<std::string, std::uint64_t>;
  run.tcp_broken_because = reader.get<Reasons>("tcp_broken_because");
  run.new_connections_failed_because = reader.get<Reasons>("new_connections_failed_because");
  if (json.contains("server_first_broken_because")) {
    run.server_first_broken_because = reader.get<Reasons>("server_first_broken_because");
  }
  if (json.contains("churn_broken_because")) {
    run.churn_broken_because = reader.get<Reasons>("churn_broken_because");
  }
  if (json.contains("programs")) run.programs = programs_of(json["programs"]);
  run.takeover = reader.get<std::string>("takeover");
  const Json wire = reader.get<Json>("wire");
  if (wire.is_string()) run.wire = wire.get<std::string>();
  run.wire_says = reader.get<std::string>("wire_says");
  run.timeline = timeline_of(reader.get<Json>("timeline"), "the timeline of " + where);
  if (json.contains("timeline_to_client")) {
    run.timeline_to_client =
        timeline_of(json["timeline_to_client"], "the timeline to the client of " + where);
  }
  return run;
}

Document document_of(const Json& json) {
  const Reader reader(json, "the report");
  if (reader.get<int>("schema") != Document::kSchema) {
    throw std::runtime_error(fmt::format("its schema is not {}", Document::kSchema));
  }
  Document document;
  document.scenario = reader.get<std::string>("scenario");
  document.about = reader.get<std::string>("about");
  document.started = reader.get<std::string>("started");
  document.machine = reader.get<std::string>("machine");
  document.seed = reader.get<std::uint64_t>("seed");
  document.connections = reader.get<std::uint32_t>("connections");
  document.probes_per_s = reader.get<std::uint32_t>("probes_per_s");
  document.new_per_s = reader.get<std::uint32_t>("new_per_s");
  document.seconds_before = reader.get<double>("seconds_before");
  document.seconds_after = reader.get<double>("seconds_after");
  document.outage_ms_at_most = reader.get<double>("outage_ms_at_most");
  document.repetitions = reader.get<std::uint32_t>("repetitions");
  document.interrupted = reader.get<bool>("interrupted");
  for (const Json& run : reader.get<Json>("runs")) {
    document.runs.push_back(run_of(run, document.runs.size() + 1));
  }
  return document;
}

}  // namespace

std::string to_json(const Document& document) {
  Json json;
  if (document.runs.size() == 1) add_run(document.runs.front(), json);
  json["verdict"] = document.good() ? "good" : "bad";
  json["schema"] = Document::kSchema;
  json["scenario"] = document.scenario;
  json["about"] = document.about;
  json["started"] = document.started;
  json["machine"] = document.machine;
  json["seed"] = document.seed;
  json["connections"] = document.connections;
  json["probes_per_s"] = document.probes_per_s;
  json["new_per_s"] = document.new_per_s;
  json["seconds_before"] = document.seconds_before;
  json["seconds_after"] = document.seconds_after;
  json["outage_ms_at_most"] = document.outage_ms_at_most;
  json["repetitions"] = document.repetitions;
  json["interrupted"] = document.interrupted;
  json["summary"] = Json::array();
  for (const Group& group : groups_of(document)) json["summary"].push_back(summary_of(group));
  json["runs"] = Json::array();
  for (const RunRecord& run : document.runs) {
    Json entry;
    add_run(run, entry);
    entry["timeline"] = to_json(run.timeline);
    entry["timeline_to_client"] = to_json(run.timeline_to_client);
    json["runs"].push_back(std::move(entry));
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Document> parse_report(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return fail(Errc::invalid_argument, "it is not a JSON object");
  try {
    return document_of(json);
  } catch (const std::exception& error) {
    return fail(Errc::invalid_argument, error.what());
  }
}

}  // namespace stillwater::rig
