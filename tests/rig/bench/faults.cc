#include "tests/rig/bench/faults.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "tests/rig/scenario/mapping.h"

namespace stillwater::rig {
namespace {

constexpr std::uint32_t kFullRepetitions = 30;

constexpr auto kFaults = std::to_array<BenchFault>({
    {"kill", "kill", "kill"},
    {"restart", "restart", "restart"},
    {"freeze", "freeze:500ms", "freeze:500ms"},
    {"power", "power", "power"},
    {"data_link", "cut-inside", "cut-inside"},
    {"replication_link", "cut-replication:1s", "cut-replication:1s"},
    {"switchover", "switchover", "planned-stop"},
    {"failback", "switchover:2s", "planned-stop"},
});

Status check_fault_names(const std::vector<std::string>& names) {
  std::vector<std::string> known;
  for (const BenchFault& it : kFaults) known.emplace_back(it.name);
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return fail(Errc::invalid_argument,
                fmt::format("'{:.40}' is no fault of this benchmark; expected {}", name, one_of(known)));
  }
  return {};
}

void add_once(std::vector<std::string>& words, std::string_view word) {
  if (std::find(words.begin(), words.end(), word) == words.end()) words.emplace_back(word);
}

}  // namespace

std::span<const BenchFault> bench_faults() { return kFaults; }

Status choose(const BenchChoice& choice, Scenario& scenario) {
  if (Status known = check_fault_names(choice.faults); !known) return known;
  const auto chosen = [&](const BenchFault& it) {
    return choice.faults.empty() ||
           std::find(choice.faults.begin(), choice.faults.end(), it.name) != choice.faults.end();
  };
  scenario.faults.clear();
  for (const BenchFault& it : kFaults) {
    if (chosen(it)) add_once(scenario.faults, it.fault);
  }
  if (choice.full) {
    scenario.systems = {kBenchOurs};
    scenario.repetitions = kFullRepetitions;
  } else {
    for (const BenchFault& it : kFaults) {
      if (chosen(it)) add_once(scenario.faults, it.peers);
    }
  }
  scenario.repetitions = choice.repetitions.value_or(scenario.repetitions);
  return {};
}

}  // namespace stillwater::rig
