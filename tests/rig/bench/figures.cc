#include "tests/rig/bench/figures.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "tests/rig/bench/faults.h"
#include "tests/rig/report/summary.h"

namespace stillwater::rig {
namespace {

// A figure of the benchmark is a sum of a run's: a flow is a live one or one that was to be opened.
struct Quantity {
  std::string_view id;
  std::string_view unit;
  std::vector<std::string> keys;
};

const std::vector<Quantity>& quantities() {
  static const std::vector<Quantity> kQuantities{
      {"outage_ms", "ms", {"outage_ms"}},
      {"lost_packets", "packets", {"probe_lost_failover"}},
      {"lost_flows", "flows", {"sessions_lost", "new_connections_failed_failover"}},
  };
  return kQuantities;
}

const Quantity kFalseFailovers{"false_failovers", "terms", {"terms"}};

struct Target {
  std::string_view id;
  std::optional<double> median;
  std::optional<double> worst;
};

constexpr auto kTargets = std::to_array<Target>({
    {"outage_ms.kill", 10, {}},
    {"outage_ms.power", 25, 60},
    {"outage_ms.freeze", 35, {}},
    {"lost_packets.switchover", 0, 0},
    {"false_failovers", 0, 0},
});

void set_target(BenchRow& row) {
  if (row.id.starts_with("lost_flows.")) row.target = row.target_worst = 0;
  for (const Target& it : kTargets) {
    if (it.id != row.id) continue;
    row.target = it.median;
    row.target_worst = it.worst;
  }
}

std::optional<double> value_of(const RunRecord& run, const Quantity& quantity) {
  double sum = 0;
  for (const std::string& key : quantity.keys) {
    const auto value = run.failure.empty() ? run.figure(key) : std::nullopt;
    if (!value) return std::nullopt;
    sum += *value;
  }
  return sum;
}

std::vector<double> samples_of(const Group& group, const Quantity& quantity) {
  std::vector<double> samples;
  for (const RunRecord* run : group.runs) {
    if (const auto value = value_of(*run, quantity)) samples.push_back(*value);
  }
  return samples;
}

void add_note(BenchRow& row, const std::string& note) { row.note += (row.note.empty() ? "" : "; ") + note; }

const Group* find(const std::vector<Group>& groups, std::string_view system, std::string_view fault) {
  const auto found = std::find_if(groups.begin(), groups.end(), [&](const Group& group) {
    return group.system == system && group.fault == fault;
  });
  return found == groups.end() ? nullptr : &*found;
}

void set_bound(BenchRow& row, const std::vector<Group>& groups, const BenchFault& fault,
               const Quantity& quantity) {
  for (const Group& group : groups) {
    if (group.system == kBenchOurs || group.fault != fault.peers) continue;
    const std::vector<double> samples = samples_of(group, quantity);
    if (samples.empty()) continue;
    const double value = median(samples);
    if (row.bound && *row.bound <= value) continue;
    row.bound = value;
    row.bound_of = group.system;
  }
  if (row.bound && fault.fault != fault.peers) add_note(row, fmt::format("bound: {}", fault.peers));
}

BenchRow row_of(const Group& ours, const Quantity& quantity, const std::string& id) {
  BenchRow row{.id = id, .unit = std::string(quantity.unit), .samples = samples_of(ours, quantity)};
  row.all_measured = row.samples.size() == ours.runs.size();
  set_target(row);
  if (!row.all_measured) {
    add_note(row, fmt::format("{} of {} runs could not be measured", ours.runs.size() - row.samples.size(),
                              ours.runs.size()));
  }
  const std::vector<double> at_other_times = samples_of(ours, {"", "", {"probe_lost_steady"}});
  if (quantity.id == "lost_packets" && !at_other_times.empty() && rig::median(at_other_times) > 0) {
    add_note(row, fmt::format("and {:g} a run, in the median, at other times than the failover",
                              rig::median(at_other_times)));
  }
  const auto dead = std::count_if(ours.runs.begin(), ours.runs.end(), [](const RunRecord* run) {
    return run->failure.empty() && never_came_back(*run);
  });
  if (quantity.id == "outage_ms" && dead > 0) {
    add_note(row, fmt::format("in {} of {} runs the last probe did not arrive: the path may be dead", dead,
                              ours.runs.size()));
  }
  return row;
}

}  // namespace

std::optional<double> BenchRow::median() const {
  return samples.empty() ? std::nullopt : std::optional(rig::median(samples));
}

std::optional<double> BenchRow::worst() const {
  return samples.empty() ? std::nullopt : std::optional(*std::max_element(samples.begin(), samples.end()));
}

std::optional<double> BenchRow::ratio() const {
  if (samples.empty() || !bound || *bound == 0) return std::nullopt;
  return *median() / *bound;
}

std::optional<bool> BenchRow::met() const {
  if (!target && !target_worst) return std::nullopt;
  if (samples.empty() || !all_measured) return false;
  return (!target || *median() <= *target) && (!target_worst || *worst() <= *target_worst);
}

std::vector<BenchRow> bench_rows(const Document& document) {
  const std::vector<Group> groups = groups_of(document);
  std::vector<BenchRow> rows;
  for (const Quantity& quantity : quantities()) {
    for (const BenchFault& fault : bench_faults()) {
      const Group* ours = find(groups, kBenchOurs, fault.fault);
      if (ours == nullptr) continue;
      rows.push_back(row_of(*ours, quantity, fmt::format("{}.{}", quantity.id, fault.name)));
      set_bound(rows.back(), groups, fault, quantity);
    }
  }
  if (const Group* control = find(groups, kBenchOurs, "none")) {
    rows.push_back(row_of(*control, kFalseFailovers, "false_failovers"));
    add_note(rows.back(), fmt::format("in {:.0f} s each", document.seconds_before));
  }
  return rows;
}

}  // namespace stillwater::rig
