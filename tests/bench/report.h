// What every benchmark prints and writes: a table on standard output, and build/bench/NAME.json.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace stillwater::bench {

// One measured quantity. `samples` are its repetitions, or single observations where `of_observations`.
struct Measurement {
  std::string id;
  std::string unit;
  std::vector<double> samples;
  std::optional<double> bound{};   // the limit or the peer, measured in the same run
  std::optional<double> target{};  // for the ratio if there is a bound, else for the value
  bool higher_is_better = false;
  std::string note{};
  std::vector<double> peer{};  // where the bound is the median of these: one beside each sample
};

// One function's part of what a measurement counts.
struct ProfileLine {
  std::string function;
  double instructions;
  double percent;
};

// The value of a measurement is its median.
class Report {
 public:
  explicit Report(std::string name) : name_(std::move(name)) {}
  void add(Measurement measurement) { measurements_.push_back(std::move(measurement)); }
  // Of the measurement `id`, the greatest first.
  void add_profile(const std::string& id, std::vector<ProfileLine> lines) {
    profiles_.emplace_back(id, std::move(lines));
  }
  void print() const;
  // {"machine": {...}, "results": [...], "profiles": {...}} as README.md beside this file documents it.
  [[nodiscard]] Status write(const std::string& path) const;

 private:
  std::string name_;
  std::vector<Measurement> measurements_;
  std::vector<std::pair<std::string, std::vector<ProfileLine>>> profiles_;
};

[[nodiscard]] double percentile(std::vector<double> samples, double p);

}  // namespace stillwater::bench
