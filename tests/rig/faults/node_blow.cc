#include "tests/rig/faults/node_blow.h"

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "tests/rig/faults/strike.h"

namespace stillwater::rig {
namespace {

std::vector<std::string> interfaces_of(const Node& node, Links links) {
  switch (links) {
    case Links::none:
      return {};
    case Links::all:
      return node.interfaces();
    case Links::inside:
      return node.inside;
    case Links::outside:
      return node.outside;
    case Links::replication:
      return node.replication;
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

NodeBlowFault::~NodeBlowFault() {
  if (stopped_) (void)signal_all(SIGCONT);
}

Status NodeBlowFault::prepare() {
  for (const NodeId id : blow_.nodes) {
    if (Status there = has_node(context_.system, id); !there) return there;
    const Node node = context_.system.node(id);
    std::vector<pid_t> groups = groups_of(node, blow_.processes);
    const auto interfaces = interfaces_of(node, blow_.links);
    if (groups.empty() && interfaces.empty()) {
      return fail(Errc::failed_precondition, context_.system.name() + " has nothing on its " + name_of(id) +
                                                 " that " + blow_.name + " could act on");
    }
    auto links = LinkSwitch::prepare(context_.topology.space(node.space).fd(), interfaces);
    if (!links) return tl::unexpected(links.error());
    targets_.push_back({id, std::move(groups), std::move(*links)});
  }
  return {};
}

Result<Struck> NodeBlowFault::strike() {
  if (blow_.signal == SIGKILL) {
    for (const Target& target : targets_) context_.system.expect_gone(target.id);
  }
  stopped_ = blow_.signal == SIGSTOP;
  return strike_in_real_time(
      [this]() -> Status { return signal_all(blow_.signal).and_then([this] { return set_links(false); }); });
}

std::optional<Nanos> NodeBlowFault::heals_after() const {
  return blow_.undo == Undo::none ? std::nullopt : heals_after_;
}

Result<Struck> NodeBlowFault::heal() {
  switch (blow_.undo) {
    case Undo::none:
      return Fault::heal();
    case Undo::thaw:
      stopped_ = false;
      return strike_in_real_time([this] { return signal_all(SIGCONT); });
    case Undo::links_up:
      return strike_in_real_time([this] { return set_links(true); });
    case Undo::boot:
      return strike_here([this] { return boot(); });
  }
  return Fault::heal();
}

Status NodeBlowFault::signal_all(int signal) {
  if (signal == 0) return {};
  for (const Target& target : targets_) {
    for (const pid_t group : target.groups) {
      if (kill(-group, signal) == 0) continue;
      return fail_errno("cannot signal the processes of the " + std::string(name_of(target.id)), errno);
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
    if (target.groups.empty()) continue;
    if (Status started = context_.system.restart(target.id); !started) return started;
  }
  return {};
}

}  // namespace stillwater::rig
