#include "tests/bench/report.h"

#include <algorithm>
#include <cstdio>
#include <fstream>

#include <nlohmann/json.hpp>

#include "tests/rig/report/machine.h"

namespace stillwater::bench {
namespace {

double ratio_of(const Measurement& m) { return percentile(m.samples, 0.5) / *m.bound; }

std::optional<bool> met(const Measurement& m) {
  if (!m.target) return std::nullopt;
  const double judged = m.bound ? ratio_of(m) : percentile(m.samples, 0.5);
  return m.higher_is_better ? judged >= *m.target : judged <= *m.target;
}

}  // namespace

double percentile(std::vector<double> samples, double p) {
  if (samples.empty()) return 0;
  const auto at = samples.begin() + static_cast<std::ptrdiff_t>(p * static_cast<double>(samples.size() - 1));
  std::nth_element(samples.begin(), at, samples.end());
  return *at;
}

void Report::print() const {
  std::printf("%-34s %10s %10s %10s %10s %8s %8s  %s\n", name_.c_str(), "median", "p99", "min", "max",
              "bound", "ratio", "unit");
  for (const Measurement& m : measurements_) {
    const auto [least, most] = std::minmax_element(m.samples.begin(), m.samples.end());
    std::printf("%-34s %10.2f %10.2f %10.2f %10.2f ", m.id.c_str(), percentile(m.samples, 0.5),
                percentile(m.samples, 0.99), m.samples.empty() ? 0 : *least, m.samples.empty() ? 0 : *most);
    if (m.bound)
      std::printf("%8.2f %8.2f  ", *m.bound, ratio_of(m));
    else
      std::printf("%8s %8s  ", "", "");
    const auto good = met(m);
    std::printf("%s%s\n", m.unit.c_str(), !good ? "" : *good ? ", target met" : ", TARGET MISSED");
    if (!m.note.empty()) std::printf("    %s\n", m.note.c_str());
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
    if (!m.samples.empty()) {
      row["min"] = *std::min_element(m.samples.begin(), m.samples.end());
      row["max"] = *std::max_element(m.samples.begin(), m.samples.end());
    }
    if (m.bound) row["bound"] = *m.bound, row["ratio"] = ratio_of(m);
    if (m.target) row["target"] = *m.target, row["met"] = *met(m);
    if (!m.note.empty()) row["note"] = m.note;
    results.push_back(std::move(row));
  }
  std::ofstream file(path);
  file << nlohmann::json{{"machine", rig::this_machine()}, {"results", results}}.dump(2) << "\n";
  if (!file.flush()) return fail(Errc::io, "cannot write " + path);
  return {};
}

}  // namespace stillwater::bench
