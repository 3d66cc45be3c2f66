#include "tests/rig/faults/order.h"

#include <cerrno>
#include <csignal>

#include "tests/rig/faults/strike.h"

namespace stillwater::rig {
namespace {

Status has_processes(NodeId node, const FaultContext& context, const std::string& fault) {
  if (!context.system.node(node).processes.empty()) return {};
  return fail(Errc::failed_precondition, context.system.name() + " has no processes for " + fault);
}

}  // namespace

Expectation PlannedStop::expectation() const {
  return {.gone = {NodeId::active}, .successor = true, .loses_service = true};
}

Status PlannedStop::prepare() {
  if (context_.system.can_stop_in_order()) return {};
  return has_processes(NodeId::active, context_, name());
}

Result<Struck> PlannedStop::strike() {
  return strike_here([this] { return context_.system.stop_in_order(NodeId::active); });
}

Status Switchover::prepare() {
  if (context_.system.can_switch_over()) return {};
  return fail(Errc::failed_precondition, context_.system.name() + " knows no switchover");
}

Result<Struck> Switchover::strike() {
  return strike_here([this] { return context_.system.switch_over(NodeId::active); });
}

Result<Struck> Switchover::heal() {
  return strike_here([this] { return context_.system.switch_over(NodeId::standby); });
}

// Whether the old process's successor or the other node forwards afterwards is the system's choice.
Expectation Restart::expectation() const {
  return {.gone = {}, .successor = false, .loses_service = node_ == NodeId::active};
}

Status Restart::prepare() { return has_processes(node_, context_, name()); }

Result<Struck> Restart::strike() {
  return strike_here([this]() -> Status {
    const std::vector<pid_t> groups = context_.system.node(node_).processes;
    if (groups.empty()) return {};  // another fault took them, and nobody is there to start them again
    for (const pid_t group : groups) {
      if (kill(-group, SIGKILL) != 0 && errno != ESRCH)
        return fail_errno("cannot kill the processes of the " + std::string(name_of(node_)), errno);
    }
    return context_.system.restart(node_);
  });
}

Status WitnessDown::prepare() {
  if (context_.system.has_witness()) return {};
  return fail(Errc::failed_precondition, context_.system.name() + " has no witness");
}

Result<Struck> WitnessDown::strike() {
  return strike_here([this] { return context_.system.kill_witness(); });
}

Result<Struck> WitnessDown::heal() {
  return strike_here([this] { return context_.system.start_witness(); });
}

Status CommandFault::prepare() {
  auto own = context_.system.own_fault(own_name_);
  if (!own) return tl::unexpected(own.error());
  own_ = std::move(*own);
  return {};
}

Result<Struck> CommandFault::strike() {
  for (const NodeId node : own_.expectation.gone) context_.system.expect_gone(node);
  return strike_here(own_.strike);
}

Result<Struck> CommandFault::heal() { return own_.heal ? strike_here(own_.heal) : Fault::heal(); }

}  // namespace stillwater::rig
