// What can be put between client and server and be judged. The scenario knows nothing else of it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "tests/rig/report/measurements.h"
#include "tests/rig/topology/plan.h"
#include "tests/rig/topology/topology.h"

namespace stillwater::rig {

// All from the main thread.
class System {
 public:
  virtual ~System() = default;

  [[nodiscard]] virtual std::string name() const = 0;
  // The network that it needs around it: spaces client, server, active, standby and those of its own.
  [[nodiscard]] virtual Plan plan() const = 0;

  // Starts it in the built topology, which outlives it, and returns at once.
  [[nodiscard]] virtual Status start(const Topology& topology) = 0;
  // Empty when it forwards and can fail over; else what it still waits for.
  [[nodiscard]] virtual std::string not_ready_because() = 0;

  // The process that a kill fault ends; 0: the kernel alone forwards.
  [[nodiscard]] virtual pid_t active_pid() const = 0;
  // The active's interfaces that go down with it.
  [[nodiscard]] virtual std::vector<std::string> active_interfaces() const = 0;
  // From now on the active is expected to be gone.
  virtual void active_was_killed() = 0;

  // The active's figures; none where it takes no checkpoints.
  [[nodiscard]] virtual Result<std::optional<CheckpointFigures>> checkpoint_figures() = 0;
  // The successor's account of its takeover; empty: there was none.
  [[nodiscard]] virtual Result<std::string> takeover() = 0;

  // A process that should run and does not, in words; empty: all is well.
  [[nodiscard]] virtual std::string trouble() = 0;
  // The ends of the logs, for a run that went wrong.
  [[nodiscard]] virtual std::string log_tails() = 0;
};

}  // namespace stillwater::rig
