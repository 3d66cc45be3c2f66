#include "tests/rig/faults/catalogue.h"

#include <algorithm>
#include <csignal>
#include <functional>
#include <optional>

#include "tests/rig/faults/clock_step.h"
#include "tests/rig/faults/crash.h"
#include "tests/rig/faults/disk_full.h"
#include "tests/rig/faults/node_blow.h"
#include "tests/rig/faults/order.h"
#include "tests/rig/faults/relay_fault.h"
#include "tests/rig/faults/schedule.h"

namespace stillwater::rig {
namespace {

const std::vector<NodeId> kActive{NodeId::active};
const std::vector<NodeId> kStandby{NodeId::standby};
const std::vector<NodeId> kBoth{NodeId::active, NodeId::standby};

const Expectation kActiveGone{.gone = kActive, .successor = true};
const Expectation kHarmless{.gone = {}, .successor = false, .loses_service = false};

const char* const kComesBack = "time until it boots again (never)";
const char* const kPluggedIn = "time until the link is up again (never)";

enum class ArgumentKind { none, duration, step, slow, one_way, own };

// Without which there is nothing to act on; an order is what an operator gives, to processes or without any.
enum class Needs { nothing, processes, order, switchover, witness };

// One fault as the catalogue knows it. `after` is the duration that was named, else `otherwise`.
struct Kind {
  FaultEntry entry;
  ArgumentKind argument = ArgumentKind::none;
  std::optional<Nanos> otherwise{};
  std::function<std::unique_ptr<Fault>(std::optional<Nanos> after, const FaultContext&)> make{};
  ActiveLink link{};                    // of slow, one_way
  std::vector<NodeId> nodes = kActive;  // that it acts on
  Needs needs = Needs::nothing;         // of the system
};

Kind blow(FaultEntry entry, NodeBlow blow, std::optional<Nanos> otherwise = std::nullopt) {
  blow.name = entry.name;
  const bool heals = blow.undo != Undo::none;
  return {std::move(entry),
          heals ? ArgumentKind::duration : ArgumentKind::none,
          otherwise,
          [blow](std::optional<Nanos> after, const FaultContext& context) {
            return std::make_unique<NodeBlowFault>(blow, after, context);
          },
          {},
          blow.nodes,
          blow.links == Links::none ? Needs::processes : Needs::nothing};
}

std::vector<Kind> node_faults() {
  return {
      blow({"kill", kComesBack,
            "the active's first process dies and its data links go down; its kernel lives"},
           {.name = {},
            .nodes = kActive,
            .signal = SIGKILL,
            .processes = Processes::first,
            .links = Links::data,
            .undo = Undo::boot,
            .expectation = kActiveGone}),
      blow({"kill-process", kComesBack, "the active's first process dies, its links stay up"},
           {.name = {},
            .nodes = kActive,
            .signal = SIGKILL,
            .processes = Processes::first,
            .links = Links::none,
            .undo = Undo::boot,
            .expectation = kActiveGone}),
      blow({"freeze", "time until it is thawed (1s)", "the active's processes stand still, carrier is kept"},
           {.name = {},
            .nodes = kActive,
            .signal = SIGSTOP,
            .processes = Processes::all,
            .links = Links::none,
            .undo = Undo::thaw,
            .expectation = {.gone = {}, .successor = true}},
           1s),
      blow({"power", kComesBack, "the active loses power: every process and every link at once"},
           {.name = {},
            .nodes = kActive,
            .signal = SIGKILL,
            .processes = Processes::all,
            .links = Links::all,
            .undo = Undo::boot,
            .expectation = kActiveGone}),
      blow({"power-both", "time until both boot again (2s)", "both nodes lose power at once"},
           {.name = {},
            .nodes = kBoth,
            .signal = SIGKILL,
            .processes = Processes::all,
            .links = Links::all,
            .undo = Undo::boot,
            .expectation = {.gone = kBoth, .successor = false}},
           2s),
      blow({"standby-lost", kComesBack, "the standby loses power"},
           {.name = {},
            .nodes = kStandby,
            .signal = SIGKILL,
            .processes = Processes::all,
            .links = Links::all,
            .undo = Undo::boot,
            .expectation = {.gone = kStandby, .successor = false, .loses_service = false}}),
      blow({"freeze-standby", "time until it is thawed (1s)", "the standby's processes stand still"},
           {.name = {},
            .nodes = kStandby,
            .signal = SIGSTOP,
            .processes = Processes::all,
            .links = Links::none,
            .undo = Undo::thaw,
            .expectation = kHarmless},
           1s),
  };
}

std::vector<Kind> link_faults() {
  const Expectation successor{.gone = {}, .successor = true};
  const auto cut = [](const char* name, const char* help, const std::vector<NodeId>& nodes, Links links,
                      const Expectation& expectation) {
    return blow({name, kPluggedIn, help}, {.name = {},
                                           .nodes = nodes,
                                           .signal = 0,
                                           .processes = Processes::none,
                                           .links = links,
                                           .undo = Undo::links_up,
                                           .expectation = expectation});
  };
  return {
      cut("cut-inside", "the active's inside link goes down", kActive, Links::inside, successor),
      cut("cut-outside", "the active's outside link goes down", kActive, Links::outside, successor),
      cut("cut-replication", "the link between the nodes goes down", kActive, Links::replication, kHarmless),
      cut("cut-second-cable", "the second cable between the nodes goes down", kActive, Links::second_cable,
          kHarmless),
      cut("cut-witness", "the active's link to the witness goes down", kActive, Links::arbiter, kHarmless),
      cut("cut-standby-inside", "the standby's inside link goes down", kStandby, Links::inside, kHarmless),
      cut("cut-standby-outside", "the standby's outside link goes down", kStandby, Links::outside, kHarmless),
      cut("cut-standby-witness", "the standby's link to the witness goes down", kStandby, Links::arbiter,
          kHarmless),
  };
}

std::vector<Kind> relay_faults() {
  std::vector<Kind> kinds;
  for (const ActiveLink link : {ActiveLink::inside, ActiveLink::outside, ActiveLink::replication}) {
    const std::string name = name_of(link);
    kinds.push_back({{"slow-" + name, "delay=,jitter=,loss=,duplicate=,reorder=,rate=,for= (delay=20ms)",
                      "the active's " + name + " link is slow or lossy in both directions"},
                     ArgumentKind::slow,
                     {},
                     {},
                     link});
    kinds.push_back({{"one-way-" + name, "to-active or from-active,for= (to-active)",
                      "one direction of the active's " + name + " link is dead, carrier is kept"},
                     ArgumentKind::one_way,
                     {},
                     {},
                     link});
  }
  return kinds;
}

Kind restart(const char* name, const char* help, NodeId node) {
  return {{name, "", help},
          ArgumentKind::none,
          {},
          [node](auto, const FaultContext& context) { return std::make_unique<Restart>(node, context); },
          {},
          {node},
          Needs::processes};
}

std::vector<Kind> other_faults() {
  return {
      restart("restart", "the active's processes are killed and started again at once, links stay up",
              NodeId::active),
      restart("restart-standby", "likewise the standby's", NodeId::standby),
      {{"witness-down", "time until it is back (never)", "the witness's process dies"},
       ArgumentKind::duration,
       {},
       [](std::optional<Nanos> after, const FaultContext& context) {
         return std::make_unique<WitnessDown>(after, context);
       },
       {},
       {},
       Needs::witness},
      {{"planned-stop", "", "the active is taken out of service in order"},
       ArgumentKind::none,
       {},
       [](auto, const FaultContext& context) { return std::make_unique<PlannedStop>(context); },
       {},
       kActive,
       Needs::order},
      {{"switchover", "time until the lead is handed back (never)",
        "an operator moves the lead to the standby"},
       ArgumentKind::duration,
       {},
       [](std::optional<Nanos> after, const FaultContext& context) {
         return std::make_unique<Switchover>(after, context);
       },
       {},
       {NodeId::active, NodeId::standby},
       Needs::switchover},
      {{"crash", "step of the epoch or function (ship)", "a daemon dies exactly at a step of the epoch"},
       ArgumentKind::step,
       {},
       {}},
      {{"clock-step", "how far (10s), set back after 1 s", "the machine's CLOCK_REALTIME jumps ahead"},
       ArgumentKind::duration,
       10s,
       [](std::optional<Nanos> step, const FaultContext&) {
         return std::make_unique<ClockStep>(step.value_or(10s), 1s);
       }},
      {{"disk-full", "time until there is space again (2s)", "the active's disk has no byte left"},
       ArgumentKind::duration,
       2s,
       [](std::optional<Nanos> after, const FaultContext& context) {
         return std::make_unique<DiskFull>(after, context);
       }},
      {{"command", "its name", "a fault that the system brings along; see scenarios/README.md"},
       ArgumentKind::own,
       {},
       {}},
  };
}

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> kKinds = [] {
    std::vector<Kind> all = node_faults();
    for (auto more : {link_faults(), relay_faults(), other_faults()})
      all.insert(all.end(), more.begin(), more.end());
    return all;
  }();
  return kKinds;
}

// A fault's text, understood.
struct Request {
  const Kind* kind;
  std::optional<Nanos> duration{};
  CrashStep step{};
  std::optional<RelayRequest> relay{};
  std::string own{};  // name
};

Result<Request> understand_argument(const Kind& kind, const std::optional<std::string>& argument) {
  switch (kind.argument) {
    case ArgumentKind::step:
      return crash_step(argument.value_or("ship")).map([&](CrashStep step) {
        return Request{.kind = &kind, .step = std::move(step)};
      });
    case ArgumentKind::slow:
      return parse_slow(kind.link, argument.value_or("delay=20ms")).map([&](RelayRequest relay) {
        return Request{.kind = &kind, .relay = std::move(relay)};
      });
    case ArgumentKind::one_way:
      return parse_one_way(kind.link, argument.value_or("to-active")).map([&](RelayRequest relay) {
        return Request{.kind = &kind, .relay = std::move(relay)};
      });
    case ArgumentKind::own:
      if (argument && !argument->empty()) return Request{.kind = &kind, .own = *argument};
      return fail(Errc::invalid_argument, "fault command lacks a name, as in command:failover");
    case ArgumentKind::none:
      if (!argument) return Request{.kind = &kind};
      return fail(Errc::invalid_argument, "fault " + kind.entry.name + " takes nothing after a colon");
    case ArgumentKind::duration:
      if (!argument) return Request{.kind = &kind, .duration = kind.otherwise};
      return parse_duration(*argument).map(
          [&](Nanos duration) { return Request{.kind = &kind, .duration = duration}; });
  }
  return fail(Errc::invalid_argument, "fault " + kind.entry.name + " cannot be read");
}

Result<Request> understand(const std::string& named) {
  const auto colon = named.find(':');
  const std::string name = named.substr(0, colon);
  std::optional<std::string> argument;
  if (colon != std::string::npos) argument = named.substr(colon + 1);
  std::string names;
  for (const Kind& kind : kinds()) {
    if (kind.entry.name == name) return understand_argument(kind, argument);
    names += (names.empty() ? "" : ", ") + kind.entry.name;
  }
  return fail(Errc::invalid_argument, "no fault \"" + name + "\"; the faults are " + names);
}

Status could_suffer(System& system, const Request& request) {
  if (!request.own.empty()) return system.own_fault(request.own).map([](const OwnFault&) {});
  const Kind& kind = *request.kind;
  const bool crash = kind.argument == ArgumentKind::step;
  const auto there = system.nodes();
  for (const NodeId node : crash ? std::vector{request.step.node} : kind.nodes) {
    if (std::find(there.begin(), there.end(), node) != there.end()) continue;
    return fail(Errc::failed_precondition, system.name() + " has no " + name_of(node) + " node");
  }
  const Needs needs = crash ? Needs::processes : kind.needs;
  const bool takes_orders = needs == Needs::order && system.can_stop_in_order();
  if (needs == Needs::switchover) {
    if (system.can_switch_over()) return {};
    return fail(Errc::failed_precondition, system.name() + " knows no switchover");
  }
  if (needs == Needs::witness && !system.has_witness()) {
    return fail(Errc::failed_precondition, system.name() + " has no witness");
  }
  if (needs == Needs::nothing || system.has_processes() || takes_orders) return {};
  return fail(Errc::failed_precondition, system.name() + " has no processes for " + kind.entry.name);
}

// What `look` makes of each fault of a schedule.
template <class Look>
Status for_each_fault(const std::string& schedule, const Look& look) {
  if (schedule == "none") return {};
  const auto planned = schedule_faults(schedule, 0);
  if (!planned) return tl::unexpected(planned.error());
  for (const ScheduledFault& it : *planned) {
    const auto request = understand(it.fault);
    if (!request) return tl::unexpected(request.error());
    look(*request);
  }
  return {};
}

}  // namespace

std::vector<FaultEntry> list_faults() {
  std::vector<FaultEntry> entries;
  for (const Kind& kind : kinds()) entries.push_back(kind.entry);
  return entries;
}

Status check_possible(const std::string& schedule, System& system) {
  Status possible;
  Status looked = for_each_fault(schedule, [&](const Request& request) {
    if (possible) possible = could_suffer(system, request);
  });
  return looked ? possible : looked;
}

Status check_fault(const std::string& named) {
  return understand(named).map([](const Request&) {});
}

Result<std::unique_ptr<Fault>> make_fault(const std::string& named, const FaultContext& context) {
  auto request = understand(named);
  if (!request) return tl::unexpected(request.error());
  if (request->kind->argument == ArgumentKind::step) {
    return std::make_unique<Crash>(std::move(request->step), context);
  }
  if (request->relay) return std::make_unique<RelayFault>(std::move(*request->relay), context);
  if (!request->own.empty()) return std::make_unique<CommandFault>(request->own, context);
  return request->kind->make(request->duration, context);
}

Result<std::set<ActiveLink>> relayed_links(const std::string& schedule) {
  std::set<ActiveLink> links;
  Status looked = for_each_fault(schedule, [&](const Request& request) {
    if (request.relay) links.insert(request.relay->link);
  });
  if (!looked) return tl::unexpected(looked.error());
  return links;
}

Result<std::vector<std::string>> own_faults(const std::string& schedule) {
  std::vector<std::string> names;
  Status looked = for_each_fault(schedule, [&](const Request& request) {
    if (!request.own.empty()) names.push_back(request.own);
  });
  if (!looked) return tl::unexpected(looked.error());
  return names;
}

}  // namespace stillwater::rig
