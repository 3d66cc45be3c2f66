// The first scenario: a pair under load loses its active node.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "tests/rig/demo/options.h"
#include "tests/rig/load/probe.h"
#include "tests/rig/load/tcp_load.h"
#include "tests/rig/process/interrupts.h"
#include "tests/rig/report/measurements.h"
#include "tests/rig/report/progress.h"
#include "tests/rig/systems/system.h"
#include "tests/rig/topology/topology.h"

namespace stillwater::rig {

// One run, on the main thread. Everything that it starts is gone once run() has returned, whatever happened.
class Demo {
 public:
  Demo(const DemoOptions& options, Interrupts& interrupts) : options_(options), interrupts_(interrupts) {}

  // The phases in order: build, start, open, steady, strike, recover, settle. An error means that there is
  // nothing to judge (its message says why; logs() has the daemons' last words).
  [[nodiscard]] Result<Measurements> run();

  // The ends of the daemons' logs. After run().
  [[nodiscard]] const std::string& logs() const { return logs_; }

 private:
  [[nodiscard]] Status run_phases();
  [[nodiscard]] Status build();
  [[nodiscard]] Status start_system();
  [[nodiscard]] Status open_connections();
  [[nodiscard]] Status steady();
  [[nodiscard]] Status strike();
  [[nodiscard]] Status recover();
  [[nodiscard]] Status settle();
  void collect();

  // Shows progress until `done` or `deadline`; true: done. An error where the run cannot go on.
  [[nodiscard]] Result<bool> wait(const std::string& phase, Instant deadline,
                                  const std::function<bool()>& done);
  [[nodiscard]] Status wait(const std::string& phase, Nanos duration);
  [[nodiscard]] std::string load_line() const;
  void note(const std::string& problem);

  const DemoOptions& options_;
  Interrupts& interrupts_;
  BootClock clock_;
  Progress progress_;
  Measurements measured_;
  std::string logs_;
  Instant steady_since_{};
  std::optional<Instant> struck_at_;

  // In this order: sockets and processes go before the namespaces that they are in.
  std::optional<Topology> topology_;
  std::unique_ptr<System> system_;
  std::unique_ptr<TcpLoad> tcp_;
  std::unique_ptr<Probe> probe_;
};

}  // namespace stillwater::rig
