// One repetition: a system is built, loaded, struck and watched.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "tests/rig/load/probe.h"
#include "tests/rig/load/tcp_load.h"
#include "tests/rig/process/interrupts.h"
#include "tests/rig/report/measurements.h"
#include "tests/rig/run/extra_loads.h"
#include "tests/rig/run/strikes.h"
#include "tests/rig/run/watch.h"
#include "tests/rig/scenario/scenario.h"
#include "tests/rig/systems/catalogue.h"
#include "tests/rig/topology/topology.h"
#include "tests/rig/wire/wire_watch.h"

namespace stillwater::rig {

struct RepetitionPlan {
  std::string system;
  std::string fault;
  std::uint32_t number = 1;  // of this system under this fault
  LoadPlan load;
  double outage_ms_at_most = 150;
  std::uint64_t seed = 1;
  bool keep_captures = false;
  SystemOptions options;  // its `out` is this repetition's own
  std::string title;      // before every line of progress
};

// On the main thread, once. Everything that it starts is gone when run() has returned, whatever happened.
class Repetition {
 public:
  // `plan` outlives it.
  Repetition(const RepetitionPlan& plan, Interrupts& interrupts)
      : plan_(plan), watch_(interrupts, plan.title) {}

  // The phases in order: build, start, open, steady, strike, recover, settle. An error means that there is
  // nothing to judge (its message says why; logs() has the daemons' last words).
  [[nodiscard]] Result<Measurements> run();

  // The ends of the daemons' logs. After run().
  [[nodiscard]] const std::string& logs() const { return logs_; }
  // The error was that this system cannot suffer this fault. After run().
  [[nodiscard]] bool impossible() const { return impossible_; }

 private:
  [[nodiscard]] Status run_phases();
  [[nodiscard]] Status build();
  [[nodiscard]] Status build_network();
  [[nodiscard]] Status watch_the_wire();
  [[nodiscard]] Status start_system();
  [[nodiscard]] Status open_connections();
  [[nodiscard]] Status steady();
  [[nodiscard]] Status strike();
  void mark_if_all_struck();
  [[nodiscard]] Status recover();
  [[nodiscard]] Status settle();
  void collect();
  void collect_probe();
  void clean_up();

  // Neither a probe nor a connection got through any more: then no patience with TCP changes what is said of
  // it. After the probe's end.
  [[nodiscard]] bool path_is_dead() const;
  // Whether the pair can fail over again, asked sparingly; remembers when it first could.
  void look_for_redundancy();
  // What the daemons or the relays say that must end the run; empty: all is well.
  [[nodiscard]] std::string trouble();
  [[nodiscard]] std::string load_line() const;
  void note(const std::string& problem) { measured_.problems.push_back(problem); }

  const RepetitionPlan& plan_;
  BootClock clock_;
  Watch watch_;
  Measurements measured_;
  std::string logs_;
  bool impossible_ = false;
  bool marked_ = false;  // the loads were told of the fault
  Instant steady_since_{};
  Instant asked_at_{};
  std::optional<std::uint64_t> first_term_;

  // In this order: faults are undone, then sockets and processes go before the namespaces that they are in.
  std::optional<Topology> topology_;
  RelayedLinks relays_;
  std::unique_ptr<WireWatch> wire_;
  std::unique_ptr<System> system_;
  std::unique_ptr<TcpLoad> tcp_;
  std::unique_ptr<Probe> probe_;
  std::unique_ptr<ExtraLoads> extra_;
  std::optional<Strikes> strikes_;
};

}  // namespace stillwater::rig
