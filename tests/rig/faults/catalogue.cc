#include "tests/rig/faults/catalogue.h"

#include <csignal>
#include <functional>
#include <optional>

#include "tests/rig/faults/clock_step.h"
#include "tests/rig/faults/crash.h"
#include "tests/rig/faults/disk_full.h"
#include "tests/rig/faults/node_blow.h"
#include "tests/rig/faults/order.h"
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

enum class ArgumentKind { none, duration, step };

// One fault as the catalogue knows it. `after` is the duration that was named, else `otherwise`.
struct Kind {
  FaultEntry entry;
  ArgumentKind argument = ArgumentKind::none;
  std::optional<Nanos> otherwise{};
  std::function<std::unique_ptr<Fault>(std::optional<Nanos> after, const FaultContext&)> make{};
};

Kind blow(FaultEntry entry, NodeBlow blow, std::optional<Nanos> otherwise = std::nullopt) {
  blow.name = entry.name;
  const bool heals = blow.undo != Undo::none;
  return {std::move(entry), heals ? ArgumentKind::duration : ArgumentKind::none, otherwise,
          [blow](std::optional<Nanos> after, const FaultContext& context) {
            return std::make_unique<NodeBlowFault>(blow, after, context);
          }};
}

std::vector<Kind> node_faults() {
  return {
      blow({"kill", kComesBack, "the active's first process dies and all its links go down"},
           {.name = {},
            .nodes = kActive,
            .signal = SIGKILL,
            .processes = Processes::first,
            .links = Links::all,
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
  };
}

std::vector<Kind> link_faults() {
  const Expectation successor{.gone = {}, .successor = true};
  const auto cut = [](const char* name, const char* help, Links links, const Expectation& expectation) {
    return blow({name, kPluggedIn, help}, {.name = {},
                                           .nodes = kActive,
                                           .signal = 0,
                                           .processes = Processes::none,
                                           .links = links,
                                           .undo = Undo::links_up,
                                           .expectation = expectation});
  };
  return {
      cut("cut-inside", "the active's inside link goes down", Links::inside, successor),
      cut("cut-outside", "the active's outside link goes down", Links::outside, successor),
      cut("cut-replication", "the link between the nodes goes down", Links::replication, kHarmless),
  };
}

std::vector<Kind> other_faults() {
  return {
      {{"restart", "", "the active's processes are killed and started again at once, links stay up"},
       ArgumentKind::none,
       {},
       [](auto, const FaultContext& context) { return std::make_unique<Restart>(context); }},
      {{"planned-stop", "", "the active is taken out of service in order"},
       ArgumentKind::none,
       {},
       [](auto, const FaultContext& context) { return std::make_unique<PlannedStop>(context); }},
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
  };
}

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> kKinds = [] {
    std::vector<Kind> all = node_faults();
    for (auto more : {link_faults(), other_faults()}) all.insert(all.end(), more.begin(), more.end());
    return all;
  }();
  return kKinds;
}

// A fault's text, understood.
struct Request {
  const Kind* kind;
  std::optional<Nanos> duration{};
  CrashStep step{};
};

Result<Request> understand(const std::string& named) {
  const auto colon = named.find(':');
  const std::string name = named.substr(0, colon);
  const std::string argument = colon == std::string::npos ? "" : named.substr(colon + 1);
  std::string names;
  for (const Kind& kind : kinds()) {
    names += (names.empty() ? "" : ", ") + kind.entry.name;
    if (kind.entry.name != name) continue;
    if (kind.argument == ArgumentKind::step) {
      return crash_step(colon == std::string::npos ? "ship" : argument).map([&](CrashStep step) {
        return Request{&kind, {}, std::move(step)};
      });
    }
    if (colon == std::string::npos) return Request{&kind, kind.otherwise};
    if (kind.argument == ArgumentKind::none) {
      return fail(Errc::invalid_argument, "fault " + name + " takes nothing after a colon");
    }
    return parse_duration(argument).map([&](Nanos duration) { return Request{&kind, duration}; });
  }
  return fail(Errc::invalid_argument, "no fault \"" + name + "\"; the faults are " + names);
}

}  // namespace

std::vector<FaultEntry> list_faults() {
  std::vector<FaultEntry> entries;
  for (const Kind& kind : kinds()) entries.push_back(kind.entry);
  return entries;
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
  return request->kind->make(request->duration, context);
}

}  // namespace stillwater::rig
