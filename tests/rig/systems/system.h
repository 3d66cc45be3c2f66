// What can be put between client and server and be judged. The scenario knows nothing else of it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/clock.h"
#include "base/result.h"
#include "tests/rig/faults/expectation.h"
#include "tests/rig/report/measurements.h"
#include "tests/rig/systems/node.h"
#include "tests/rig/topology/plan.h"
#include "tests/rig/topology/topology.h"

namespace stillwater::rig {

// A fault that a system brings along: what to do, what it is expected to cost.
struct OwnFault {
  Expectation expectation{};
  std::function<Status()> strike;
  std::function<Status()> heal;  // none: nothing to heal
  std::optional<Nanos> heals_after{};
};

// What a pair says of itself.
struct PairState {
  std::optional<NodeId> leader{};     // none: no node, or more than one, says that it leads
  std::string not_whole_because{};    // empty: one leads, and the other could take over at once
  std::vector<std::string> errors{};  // that no fault excuses
};

// All from the main thread, which also owns the processes; the const getters of nodes from any thread while
// the main thread waits for it.
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
  // Empty when it can fail over again after a fault, whoever leads by then.
  [[nodiscard]] virtual std::string not_redundant_because() { return not_ready_because(); }
  // Whether it can be asked for more than that, and all of it.
  [[nodiscard]] virtual bool says_who_leads() const { return false; }
  [[nodiscard]] virtual PairState state() {
    return {.leader = {}, .not_whole_because = name() + " cannot say who leads", .errors = {}};
  }
  // The term under which it is led: each change of who leads, or of who is in sync, is another one. None:
  // it has no terms, or no node answers.
  [[nodiscard]] virtual std::optional<std::uint64_t> term() { return std::nullopt; }
  // How long either may take from start() or restart().
  [[nodiscard]] virtual Nanos ready_within() const { return 60s; }

  // The nodes that it has; a system without a successor has the active alone.
  [[nodiscard]] virtual std::vector<NodeId> nodes() const { return {NodeId::active, NodeId::standby}; }
  // Whether they have processes at all while it runs; else the kernel alone forwards.
  [[nodiscard]] virtual bool has_processes() const { return true; }
  // As of now: pids change when a node is restarted. `id` is one of nodes().
  [[nodiscard]] virtual Node node(NodeId id) const = 0;

  // From now on these processes of the node may be gone, whatever ended them. trouble() says no more of it.
  virtual void expect_gone(NodeId id) = 0;
  // The machine lost power: whatever its kernel still holds for it (addresses, connections) goes. Its
  // processes are dead and its links down. Nothing where the kernel holds nothing.
  virtual void lose_memory(NodeId) {}
  // Starts the processes of a node anew, as a boot would, after their end (what is left is killed and
  // reaped), and returns at once. From then on they are expected to run. Refused by a system without
  // processes.
  [[nodiscard]] virtual Status restart(NodeId id) = 0;
  // What an operator does to take the node out of service in order. Returns when the request was given; the
  // node is expected to be gone from then on. Refused where there is no such thing.
  [[nodiscard]] virtual Status stop_in_order(NodeId id) = 0;
  // Whether there is such a thing even without processes.
  [[nodiscard]] virtual bool can_stop_in_order() const { return false; }

  // An operator moves the lead from `from` to the other node while both live. Returns when that is done.
  [[nodiscard]] virtual bool can_switch_over() const { return false; }
  [[nodiscard]] virtual Status switch_over(NodeId) {
    return fail(Errc::failed_precondition, name() + " knows no switchover");
  }

  // The third party that keeps the record of who leads: whether there is one; its end without a word, from
  // which on trouble() says nothing of it; its return, with the record that it had.
  [[nodiscard]] virtual bool has_witness() const { return false; }
  [[nodiscard]] virtual Status kill_witness() {
    return fail(Errc::failed_precondition, name() + " has no witness");
  }
  [[nodiscard]] virtual Status start_witness() {
    return fail(Errc::failed_precondition, name() + " has no witness");
  }

  // The fault of its own that has this name. failed_precondition: it has none.
  [[nodiscard]] virtual Result<OwnFault> own_fault(const std::string& fault) {
    return fail(Errc::failed_precondition, this->name() + " brings no fault \"" + fault + "\" along");
  }

  // Whether the service addresses come from a virtual MAC of their own, which only the forwarding node may
  // use.
  [[nodiscard]] virtual bool has_virtual_mac() const { return true; }

  // The active's figures; none where it takes no checkpoints.
  [[nodiscard]] virtual Result<std::optional<CheckpointFigures>> checkpoint_figures() = 0;
  // The successor's account of its takeover; empty: there was none, or the successor is expected to be gone.
  [[nodiscard]] virtual Result<std::string> takeover() = 0;

  // A process that should run and does not, in words; empty: all is well.
  [[nodiscard]] virtual std::string trouble() = 0;
  // The ends of the logs, for a run that went wrong.
  [[nodiscard]] virtual std::string log_tails() = 0;

  // The active as the first scenario sees it: the process that a kill ends (0: the kernel alone forwards),
  // and the interfaces that go down with it.
  [[nodiscard]] pid_t active_pid() const {
    const Node active = node(NodeId::active);
    return active.processes.empty() ? 0 : active.processes.front();
  }
  [[nodiscard]] std::vector<std::string> active_interfaces() const {
    return node(NodeId::active).interfaces();
  }
  void active_was_killed() { expect_gone(NodeId::active); }
};

}  // namespace stillwater::rig
