// The loads that a scenario may add to probes and connections: a replayed capture, real programs, and busy
// processors.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "tests/rig/load/programs/program.h"
#include "tests/rig/load/replay.h"
#include "tests/rig/process/child.h"
#include "tests/rig/report/measurements.h"
#include "tests/rig/run/watch.h"
#include "tests/rig/scenario/scenario.h"
#include "tests/rig/topology/topology.h"

namespace stillwater::rig {

// Main thread. The phases in this order; destroying it ends everything at any time.
class ExtraLoads {
 public:
  // The plan and the topology outlive it. `folder` is the repetition's.
  ExtraLoads(const LoadPlan& plan, const Topology& topology, std::string folder)
      : plan_(plan), topology_(topology), folder_(std::move(folder)) {}

  // Starts the servers and waits until they serve.
  [[nodiscard]] Status prepare(Watch& watch);
  // When the steady load begins: the neighbours are known by then, and all that is sent is judged.
  [[nodiscard]] Status start();
  // The replay sends no more.
  void stop_sending();
  // For the progress line; empty where nothing is replayed.
  [[nodiscard]] std::string replay_line() const;
  // What should still run and does not, in words; empty: all is well.
  [[nodiscard]] std::string trouble();
  // All that ends by itself has ended.
  [[nodiscard]] bool over();
  // Ends it all and adds what it says; the probe's summary is there already.
  void collect(Instant steady_since, Measurements& measured);

 private:
  [[nodiscard]] Status start_replay();
  [[nodiscard]] Status start_stress();
  void collect_replay(Instant steady_since, Measurements& measured);

  struct Named {
    std::string name;
    std::unique_ptr<Program> program;
  };
  const LoadPlan& plan_;
  const Topology& topology_;
  std::string folder_;
  std::unique_ptr<Replay> replay_;
  std::vector<Named> programs_;
  std::optional<Child> stress_;
};

}  // namespace stillwater::rig
