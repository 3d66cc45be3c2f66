#include "tests/rig/faults/node_blow.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "tests/rig/faults/strike.h"

namespace stillwater::rig {
namespace {

std::vector<std::string> interfaces_of(const Node& node, Links links) {
  switch (links) {
    case Links::none:
      return {};
    case Links::all:
      return node.interfaces();
    case Links::data: {
      std::vector<std::string> both = node.inside;
      both.insert(both.end(), node.outside.begin(), node.outside.end());
      return both;
    }
    case Links::inside:
      return node.inside;
    case Links::outside:
      return node.outside;
    case Links::replication:
      return node.replication;
    case Links::second_cable:
      return node.second_cable;
    case Links::arbiter:
      return node.arbiter;
  }
  return {};
}

std::vector<pid_t> groups_of(const Node& node, Processes processes) {
  if (processes == Processes::none || node.processes.empty()) return {};
  if (processes == Processes::first) return {node.processes.front()};
  return node.processes;
}

Status has_node(System& system, NodeId id) {
  const auto nodes = system.nodes();
  if (std::find(nodes.begin(), nodes.end(), id) != nodes.end()) return {};
  return fail(Errc::failed_precondition, system.name() + " has no " + name_of(id) + " node");
}

}  // namespace

NodeBlowFault::~NodeBlowFault() { (void)thaw(); }

Status NodeBlowFault::prepare() {
  for (const NodeId id : blow_.nodes) {
    if (Status there = has_node(context_.system, id); !there) return there;
    const Node node = context_.system.node(id);
    const bool has_processes = !groups_of(node, blow_.processes).empty();
    const auto interfaces = interfaces_of(node, blow_.links);
    if (!has_processes && interfaces.empty()) {
      return fail(Errc::failed_precondition, context_.system.name() + " has nothing on its " + name_of(id) +
                                                 " that " + blow_.name + " could act on");
    }
    auto links = LinkSwitch::prepare(context_.topology.space(node.space).fd(), interfaces);
    if (!links) return tl::unexpected(links.error());
    targets_.push_back({id, has_processes, std::move(*links)});
  }
  return {};
}

Result<Struck> NodeBlowFault::strike() {
  auto struck = strike_in_real_time(
      [this]() -> Status { return signal_all().and_then([this] { return set_links(false); }); });
  // Nobody looks before this returns, and processes of a node that is gone are none to signal.
  if (blow_.signal == SIGKILL) {
    for (const Target& target : targets_) context_.system.expect_gone(target.id);
  }
  return struck;
}

std::optional<Nanos> NodeBlowFault::heals_after() const {
  return blow_.undo == Undo::none ? std::nullopt : heals_after_;
}

Result<Struck> NodeBlowFault::heal() {
  switch (blow_.undo) {
    case Undo::none:
      return Fault::heal();
    case Undo::thaw:
      return strike_in_real_time([this] { return thaw(); });
    case Undo::links_up:
      return strike_in_real_time([this] { return set_links(true); });
    case Undo::boot:
      return strike_here([this] { return boot(); });
  }
  return Fault::heal();
}

std::vector<pid_t> NodeBlowFault::groups_now(NodeId id) const {
  return groups_of(context_.system.node(id), blow_.processes);
}

Status NodeBlowFault::signal_all() {
  if (blow_.signal == 0) return {};
  for (Target& target : targets_) {
    for (const pid_t group : groups_now(target.id)) {
      // No such process: another fault ended it before.
      if (kill(-group, blow_.signal) != 0 && errno != ESRCH) {
        return fail_errno("cannot signal the processes of the " + std::string(name_of(target.id)), errno);
      }
      if (blow_.signal == SIGSTOP) target.stopped.push_back(group);
    }
  }
  return {};
}

Status NodeBlowFault::thaw() {
  for (Target& target : targets_) {
    const auto now = groups_now(target.id);
    for (const pid_t group : std::exchange(target.stopped, {})) {
      // A number that the system has no more may be anyone's by now.
      if (std::find(now.begin(), now.end(), group) == now.end()) continue;
      if (kill(-group, SIGCONT) == 0 || errno == ESRCH) continue;
      return fail_errno("cannot thaw the processes of the " + std::string(name_of(target.id)), errno);
    }
  }
  return {};
}

Status NodeBlowFault::set_links(bool up) {
  for (Target& target : targets_) {
    if (Status set = target.links.set(up); !set) return set;
  }
  return {};
}

Status NodeBlowFault::boot() {
  const bool power = blow_.processes == Processes::all && blow_.links == Links::all;
  if (power) {
    for (const Target& target : targets_) context_.system.lose_memory(target.id);
  }
  if (Status plugged = set_links(true); !plugged) return plugged;
  for (const Target& target : targets_) {
    if (!target.has_processes) continue;
    if (Status started = context_.system.restart(target.id); !started) return started;
  }
  return {};
}

}  // namespace stillwater::rig
