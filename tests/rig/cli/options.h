// The command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/rig/bench/faults.h"
#include "tests/rig/scenario/scenario.h"
#include "tests/rig/systems/catalogue.h"

namespace stillwater::rig {

// Exit statuses.
enum class Exit : int {
  good = 0,
  bad = 1,  // a verdict, or a failure while running
  usage = 2,
  cannot_run = 3,     // said before anything was started
  interrupted = 130,  // Ctrl-C, SIGTERM, SIGHUP
};

enum class Act { list, run, compare, matrix, bench, report };

// What replaces the scenario's own values.
struct Overrides {
  std::vector<std::string> systems;
  std::vector<std::string> faults;
  std::optional<std::uint32_t> repetitions;
  std::optional<std::uint64_t> seed;
  std::optional<std::uint32_t> seconds_before;
  std::optional<std::uint32_t> seconds_after;
  std::optional<std::uint32_t> connections;
  std::optional<std::uint32_t> probes_per_s;
  std::optional<std::uint32_t> new_per_s;
  std::optional<Nanos> duration;  // of a matrix
  std::optional<std::string> security;
  bool keep_captures = false;
};

struct Options {
  Act act = Act::list;
  std::string scenario;   // run, compare: name or path
  std::string file;       // report
  std::string scenarios;  // folder
  std::string bin;        // build folder; empty: the current folder's build/, else the installed programs
  SystemOptions system;   // absolute paths; `out` is empty for a report that writes nothing
  Overrides overrides;
  std::optional<std::uint32_t> strikes;  // matrix: at most
  BenchChoice bench;
  std::optional<std::uint32_t> control_minutes;  // bench: no fault, this long
  bool json = false;
};

// Returns true with `options` filled, or false with the status to exit with; what there is to say (help,
// mistakes) has been said then.
[[nodiscard]] bool parse_command_line(int argc, char** argv, Options& options, Exit& exit);

// invalid_argument: an override names what `known` does not have.
[[nodiscard]] Status apply(const Overrides& overrides, const Known& known, Scenario& scenario);

}  // namespace stillwater::rig
