// Several repetitions in a few numbers. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/rig/report/document.h"
#include "tests/rig/report/figure.h"

namespace stillwater::rig {

// One figure over the repetitions that have it.
struct Spread {
  double median = 0;
  double worst = 0;            // by the figure's Better; of a circumstance, the greatest
  std::vector<double> values;  // every raw value, in the order of the runs
  // They last until the end of the watch: of an outage that nothing ended.
  bool median_open = false;
  bool worst_open = false;
};

// The runs of one system under one fault, in the order in which they ran.
struct Group {
  std::string system;
  std::string fault;
  std::vector<const RunRecord*> runs;

  [[nodiscard]] std::size_t good() const;
  [[nodiscard]] std::optional<Spread> spread(const Figure& figure) const;
  [[nodiscard]] std::optional<Spread> spread(std::string_view key) const;
};

// Whether the probe's path was still dead when watching ended: its outage is at least the figure.
[[nodiscard]] bool never_came_back(const RunRecord& run);

// Of an even number of values, the mean of the two in the middle. `values` must not be empty.
[[nodiscard]] double median(std::vector<double> values);

// Groups in the order of their first run. They point into `document`.
[[nodiscard]] std::vector<Group> groups_of(const Document& document);
std::vector<Group> groups_of(Document&& gone) = delete;  // groups refer to it

// Each word once, in the order in which the groups have it.
[[nodiscard]] std::vector<std::string> systems_of(const std::vector<Group>& groups);
[[nodiscard]] std::vector<std::string> faults_of(const std::vector<Group>& groups);

}  // namespace stillwater::rig
