// What goes wrong on purpose. Each kind is a Fault; the scenario knows nothing else of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "tests/rig/faults/expectation.h"
#include "tests/rig/faults/relayed_links.h"
#include "tests/rig/systems/system.h"
#include "tests/rig/topology/topology.h"

namespace stillwater::rig {

// When a fault happened.
struct Struck {
  Instant at{};  // just before the first system call
  Nanos took{};  // until the last one returned
};

// What faults act on. All outlive the fault.
struct FaultContext {
  System& system;
  const Topology& topology;
  RelayedLinks* relays = nullptr;  // none: no link has a relay in it
};

// Order of calls: prepare(), strike(), heal() if there is something to heal; destroying one that has struck
// and was not healed undoes what would outlive the run (a stopped process, the machine's clock). All calls
// from the main thread, which owns the system's processes.
class Fault {
 public:
  virtual ~Fault() = default;

  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual Expectation expectation() const = 0;

  // All slow work: descriptors, lookups, whatever can be refused. The system runs and is ready.
  [[nodiscard]] virtual Status prepare() = 0;

  // Once, after prepare(); a few system calls, made at a real-time priority where that is allowed. Tells the
  // system which node to expect gone. A fault that waits for a step of the system says how long by
  // strike_within() and fails with timed_out past that; nothing has happened then.
  [[nodiscard]] virtual Result<Struck> strike() = 0;
  [[nodiscard]] virtual Nanos strike_within() const { return 1s; }

  // How long after the strike heal() is due; none: this fault has no undoing.
  [[nodiscard]] virtual std::optional<Nanos> heals_after() const { return std::nullopt; }
  // Thaw, link up, restart. Once, after strike(). A fault without an undoing refuses (failed_precondition).
  [[nodiscard]] virtual Result<Struck> heal() {
    return fail(Errc::failed_precondition, name() + " has nothing to heal");
  }
  // Whether that asks as much of the pair as the strike did, so that its cost is a part of the failover's.
  [[nodiscard]] virtual bool heal_is_a_strike() const { return false; }
};

}  // namespace stillwater::rig
