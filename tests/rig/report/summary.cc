#include "tests/rig/report/summary.h"

#include <algorithm>

namespace stillwater::rig {
namespace {

std::vector<std::string> each_once(const std::vector<Group>& groups, std::string Group::*word) {
  std::vector<std::string> words;
  for (const Group& group : groups) {
    if (std::find(words.begin(), words.end(), group.*word) == words.end()) words.push_back(group.*word);
  }
  return words;
}

bool grows_with_the_watch(const Figure& figure) {
  return figure.key == "outage_ms" || figure.key == "blocked_ms";
}

}  // namespace

bool Document::good() const {
  return !interrupted && !runs.empty() &&
         std::all_of(runs.begin(), runs.end(), [](const RunRecord& run) { return run.good(); });
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::size_t Group::good() const {
  return static_cast<std::size_t>(
      std::count_if(runs.begin(), runs.end(), [](const RunRecord* run) { return run->good(); }));
}

std::optional<Spread> Group::spread(const Figure& figure) const {
  Spread spread;
  for (const RunRecord* run : runs) {
    if (const auto value = run->figure(std::string(figure.key))) spread.values.push_back(*value);
  }
  if (spread.values.empty()) return std::nullopt;
  const auto [least, greatest] = std::minmax_element(spread.values.begin(), spread.values.end());
  spread.worst = figure.better == Better::more ? *least : *greatest;
  spread.median = median(spread.values);
  if (!grows_with_the_watch(figure)) return spread;
  const auto open = static_cast<std::size_t>(
      std::count_if(runs.begin(), runs.end(), [](const RunRecord* run) { return never_came_back(*run); }));
  spread.worst_open = open > 0;
  spread.median_open = 2 * open > spread.values.size();
  return spread;
}

std::optional<Spread> Group::spread(std::string_view key) const {
  for (const Figure& figure : figures()) {
    if (figure.key == key) return spread(figure);
  }
  return std::nullopt;
}

bool never_came_back(const RunRecord& run) {
  const auto dead = [](const Timeline& timeline) {
    return !timeline.gaps.empty() && timeline.gaps.back().end_ms >= timeline.end_ms;
  };
  return dead(run.timeline) || dead(run.timeline_to_client);
}

std::vector<Group> groups_of(const Document& document) {
  std::vector<Group> groups;
  for (const RunRecord& run : document.runs) {
    auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& it) {
      return it.system == run.system && it.fault == run.fault;
    });
    if (group == groups.end()) group = groups.insert(groups.end(), Group{run.system, run.fault, {}});
    group->runs.push_back(&run);
  }
  return groups;
}

std::vector<std::string> systems_of(const std::vector<Group>& groups) {
  return each_once(groups, &Group::system);
}

std::vector<std::string> faults_of(const std::vector<Group>& groups) {
  return each_once(groups, &Group::fault);
}

}  // namespace stillwater::rig
