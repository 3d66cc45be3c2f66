// One scenario as values: which system, in which network, under which load, with which fault, how often.
// Its file format is documented in tests/rig/scenarios/README.md. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "tests/rig/systems/command_system.h"

namespace stillwater::rig {

// A capture that is replayed through the system.
struct ReplayPlan {
  std::string file;  // empty: none. A relative path is as seen from the scenario's folder
  bool from_server = false;
  std::uint32_t per_second = 0;  // 0: at the recorded times
  std::uint32_t times = 0;       // 0: as long as the load runs
};

struct LoadPlan {
  std::uint32_t connections = 1000;   // long-lived TCP
  std::uint32_t probes_per_s = 2000;  // UDP
  std::uint32_t new_per_s = 200;      // new TCP connections
  std::uint32_t server_first = 0;     // TCP on which the server writes next after the fault
  std::uint32_t churn_per_s = 0;      // TCP sessions that are opened, used, closed
  std::uint32_t stress_cpus = 0;      // processors that stress-ng keeps busy
  ReplayPlan replay;
  std::vector<std::string> programs;  // real ones: iperf3, http, ssh, dns
  Nanos before = 10s;                 // of steady load before the fault
  Nanos after = 10s;
};

// Where the network's nodes live.
enum class Ground { namespaces };

struct TopologyPlan {
  Ground ground = Ground::namespaces;
  std::uint32_t nodes = 2;  // between client and server
};

// What `matrix` makes of a scenario; `run` and `compare` do not look at it.
struct MatrixPlan {
  Nanos duration = 600s;
  Nanos offset_at_most = 200ms;            // of the second fault of a pair
  std::uint32_t stale_frames_at_most = 0;  // of a node after its successor's first one, a service and strike
  Nanos whole_within = 30s;                // from the last heal
};

struct Scenario {
  std::string name;
  std::string about;
  TopologyPlan topology;
  std::vector<std::string> systems{"stillwater"};
  std::vector<CommandSystem> own_systems{};  // those of `systems` that it describes itself
  Security security = Security::configured;  // of Stillwater pairs that do not say it themselves
  std::vector<std::string> faults{"kill"};
  LoadPlan load;
  MatrixPlan matrix{};
  double outage_ms_at_most = 150;  // of the verdict
  std::uint32_t repetitions = 1;
  std::uint64_t seed = 1;      // when exactly within the steady load each fault strikes
  bool keep_captures = false;  // of the bridges' ports, in the run's folder; the command line alone says so
};

// What `load: programs` may name.
[[nodiscard]] const std::vector<std::string>& known_programs();

// What scenarios may name.
struct KnownSystem {
  std::string name;
  std::uint32_t nodes = 2;
};
struct Known {
  std::vector<KnownSystem> systems;
  // Whether a fault, or several joined as faults/schedule.h reads them, is one; the error says why not.
  std::function<Status(const std::string&)> check_fault;
  // The names of the faults in it that a system of the scenario has to bring along; of a checked fault.
  std::function<std::vector<std::string>(const std::string&)> own_faults;
};

// Every mistake is reported, a line each, as FILE:LINE:COLUMN: what is wrong; expected what. `file` is only
// how messages call it.
[[nodiscard]] Result<Scenario> parse_scenario(const std::string& text, const std::string& file,
                                              const Known& known);

// The same check of names for a scenario that was changed since. invalid_argument says what is unknown.
[[nodiscard]] Status check_names(const Scenario& scenario, const Known& known);

}  // namespace stillwater::rig
