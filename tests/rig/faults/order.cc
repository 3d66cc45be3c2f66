#include "tests/rig/faults/order.h"

#include <cerrno>
#include <csignal>

#include "tests/rig/faults/strike.h"

namespace stillwater::rig {
namespace {

Status has_processes(const FaultContext& context, const std::string& fault) {
  if (!context.system.node(NodeId::active).processes.empty()) return {};
  return fail(Errc::failed_precondition, context.system.name() + " has no processes for " + fault);
}

}  // namespace

Expectation PlannedStop::expectation() const {
  return {.gone = {NodeId::active}, .successor = true, .loses_service = true};
}

Status PlannedStop::prepare() {
  if (context_.system.can_stop_in_order()) return {};
  return has_processes(context_, name());
}

Result<Struck> PlannedStop::strike() {
  return strike_here([this] { return context_.system.stop_in_order(NodeId::active); });
}

// Whether the old process's successor or the other node forwards afterwards is the system's choice.
Expectation Restart::expectation() const { return {.gone = {}, .successor = false, .loses_service = true}; }

Status Restart::prepare() { return has_processes(context_, name()); }

Result<Struck> Restart::strike() {
  return strike_here([this]() -> Status {
    for (const pid_t group : context_.system.node(NodeId::active).processes) {
      if (kill(-group, SIGKILL) != 0 && errno != ESRCH)
        return fail_errno("cannot kill the active's processes", errno);
    }
    return context_.system.restart(NodeId::active);
  });
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
