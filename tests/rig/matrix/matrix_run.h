// One live pair under load, and two faults after two others until the time is over.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "tests/rig/load/probe.h"
#include "tests/rig/load/tcp_load.h"
#include "tests/rig/matrix/by_role.h"
#include "tests/rig/matrix/draw.h"
#include "tests/rig/matrix/promise.h"
#include "tests/rig/matrix/report.h"
#include "tests/rig/process/interrupts.h"
#include "tests/rig/run/strikes.h"
#include "tests/rig/run/watch.h"
#include "tests/rig/scenario/scenario.h"
#include "tests/rig/systems/catalogue.h"
#include "tests/rig/topology/topology.h"
#include "tests/rig/wire/wire_watch.h"

namespace stillwater::rig {

// One line for each thing about a scenario that a matrix cannot do; empty: go. Pure.
[[nodiscard]] std::vector<std::string> not_for_a_matrix(const Scenario& scenario, System& system);

// On the main thread, once. Everything that it starts is gone when run() has returned.
class MatrixRun {
 public:
  // `scenario` outlives it: its only system, its faults as the menu, its seed. `strikes`: at most so many.
  MatrixRun(const Scenario& scenario, const SystemOptions& options, std::optional<std::uint32_t> strikes,
            Interrupts& interrupts);

  // Strikes on after a bad one, unless the pair is not whole again; `after_each` sees the report
  // as it grows.
  [[nodiscard]] MatrixReport run(const std::function<void(const MatrixReport&)>& after_each);

  // The ends of the daemons' logs. After run().
  [[nodiscard]] const std::string& logs() const { return logs_; }

 private:
  [[nodiscard]] Status begin();
  [[nodiscard]] Status start_system();
  [[nodiscard]] Status watch_the_wire(std::uint16_t port);
  // New connections of every kind; the old ones go.
  [[nodiscard]] Status open_load();
  [[nodiscard]] Status strike_on(const std::function<void(const MatrixReport&)>& after_each);

  // A strike's steps, in this order. Errors end the run.
  [[nodiscard]] Status strike_once(StrikeRecord& record);
  [[nodiscard]] Status aim(StrikeRecord& record);
  [[nodiscard]] Status strike_and_heal(StrikeRecord& record);
  [[nodiscard]] Status wait_until_whole(StrikeRecord& record);
  [[nodiscard]] Status ask_sessions(StrikeRecord& record);
  [[nodiscard]] Status end_probe(StrikeRecord& record);
  [[nodiscard]] Status look_at_wire(StrikeRecord& record);
  [[nodiscard]] Status serve_again(StrikeRecord& record);

  void clean_up();
  [[nodiscard]] std::string load_line() const;

  const Scenario& scenario_;
  SystemOptions options_;
  std::optional<std::uint32_t> strikes_at_most_;
  BootClock clock_;
  Interrupts& interrupts_;
  Watch watch_;
  Deck deck_;
  MatrixReport report_;
  std::string logs_;
  Instant begun_{};
  Instant probe_since_{};

  // In this order: faults are undone, then sockets and processes go before the namespaces that they are in.
  std::optional<Topology> topology_;
  std::unique_ptr<WireWatch> wire_;
  std::unique_ptr<System> system_;
  std::unique_ptr<TcpLoad> tcp_;
  std::unique_ptr<Probe> probe_;
  std::unique_ptr<ByRole> by_role_;
  std::optional<Strikes> strikes_;
};

}  // namespace stillwater::rig
