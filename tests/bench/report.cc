#include "tests/bench/report.h"

#include <algorithm>
#include <cstdio>
#include <fstream>

#include <nlohmann/json.hpp>

#include "tests/rig/report/machine.h"

namespace stillwater::bench {
namespace {

std::optional<double> bound_of(const Measurement& m) {
  return m.peer.empty() ? m.bound : percentile(m.peer, 0.5);
}

double ratio_of(const Measurement& m) { return percentile(m.samples, 0.5) / *bound_of(m); }

std::optional<bool> met(const Measurement& m) {
  if (!m.target) return std::nullopt;
  const double judged = bound_of(m) ? ratio_of(m) : percentile(m.samples, 0.5);
  return m.higher_is_better ? judged >= *m.target : judged <= *m.target;
}

struct Range {
  double min, max;
};

Range range_of(const std::vector<double>& samples) {
  const auto [least, most] = std::minmax_element(samples.begin(), samples.end());
  return samples.empty() ? Range{0, 0} : Range{*least, *most};
}

// Of each sample to what the peer did beside it.
Range ratios_of(const Measurement& m) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(m.samples.size(), m.peer.size()); ++i)
    ratios.push_back(m.samples[i] / m.peer[i]);
  return range_of(ratios);
}

nlohmann::json to_json(const std::vector<ProfileLine>& lines) {
  nlohmann::json rows = nlohmann::json::array();
  for (const ProfileLine& line : lines)
    rows.push_back(
        {{"function", line.function}, {"instructions", line.instructions}, {"percent", line.percent}});
  return rows;
}

}  // namespace

double percentile(std::vector<double> samples, double p) {
  if (samples.empty()) return 0;
  const auto at = samples.begin() + static_cast<std::ptrdiff_t>(p * static_cast<double>(samples.size() - 1));
  std::nth_element(samples.begin(), at, samples.end());
  return *at;
}

void Report::print() const {
  std::size_t widest = 34;
  for (const Measurement& m : measurements_) widest = std::max(widest, m.id.size());
  const int width = static_cast<int>(widest);
  std::printf("%-*s %10s %10s %10s %10s %8s %8s  %s\n", width, name_.c_str(), "median", "p99", "min", "max",
              "bound", "ratio", "unit");
  for (const Measurement& m : measurements_) {
    const auto [least, most] = range_of(m.samples);
    std::printf("%-*s %10.2f %10.2f %10.2f %10.2f ", width, m.id.c_str(), percentile(m.samples, 0.5),
                percentile(m.samples, 0.99), least, most);
    if (const auto bound = bound_of(m))
      std::printf("%8.2f %8.2f  ", *bound, ratio_of(m));
    else
      std::printf("%8s %8s  ", "", "");
    const auto good = met(m);
    std::printf("%s%s\n", m.unit.c_str(), !good ? "" : *good ? ", target met" : ", TARGET MISSED");
    if (!m.peer.empty()) {
      const auto [slowest, fastest] = range_of(m.peer);
      const auto [worst, best] = ratios_of(m);
      std::printf("    the bound %.2f..%.2f, the ratio %.2f..%.2f side by side\n", slowest, fastest, worst,
                  best);
    }
    if (!m.note.empty()) std::printf("    %s\n", m.note.c_str());
  }
  for (const auto& [id, lines] : profiles_) {
    std::printf("%s, by function\n", id.c_str());
    for (const ProfileLine& line : lines)
      std::printf("    %10.2f %6.1f %%  %s\n", line.instructions, line.percent, line.function.c_str());
  }
}

Status Report::write(const std::string& path) const {
  nlohmann::json results = nlohmann::json::array();
  for (const Measurement& m : measurements_) {
    nlohmann::json row = {{"id", m.id},
                          {"unit", m.unit},
                          {"value", percentile(m.samples, 0.5)},
                          {"p50", percentile(m.samples, 0.5)},
                          {"p99", percentile(m.samples, 0.99)},
                          {"repetitions", m.samples.size()}};
    if (!m.samples.empty()) row["min"] = range_of(m.samples).min, row["max"] = range_of(m.samples).max;
    if (const auto bound = bound_of(m)) row["bound"] = *bound, row["ratio"] = ratio_of(m);
    if (!m.peer.empty()) {
      row["bound_min"] = range_of(m.peer).min, row["bound_max"] = range_of(m.peer).max;
      row["ratio_min"] = ratios_of(m).min, row["ratio_max"] = ratios_of(m).max;
    }
    if (m.target) row["target"] = *m.target, row["met"] = *met(m);
    if (!m.note.empty()) row["note"] = m.note;
    results.push_back(std::move(row));
  }
  nlohmann::json report{{"machine", rig::this_machine()}, {"results", results}};
  for (const auto& [id, lines] : profiles_) report["profiles"][id] = to_json(lines);
  std::ofstream file(path);
  file << report.dump(2) << "\n";
  if (!file.flush()) return fail(Errc::io, "cannot write " + path);
  return {};
}

}  // namespace stillwater::bench
