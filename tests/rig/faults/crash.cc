#include "tests/rig/faults/crash.h"

#include <algorithm>
#include <thread>

#include "tests/rig/faults/breakpoint.h"
#include "tests/rig/faults/symbols.h"

namespace stillwater::rig {

const std::vector<CrashStep>& crash_steps() {
  static const std::vector<CrashStep> kSteps = {
      {"decide", NodeId::active, "stillwater::engine::Engine::checkpoint"},
      {"brownout", NodeId::active, "stillwater::engine::Engine::brownout"},
      {"quiesce", NodeId::active, "stillwater::quiesce::WorkerBarrier::quiesce"},
      {"resume", NodeId::active, "stillwater::quiesce::WorkerBarrier::resume"},
      {"blackout", NodeId::active, "stillwater::engine::Engine::blackout"},
      {"ship", NodeId::active, "stillwater::engine::Engine::ship"},
      {"commit-record", NodeId::active, "stillwater::engine::Engine::send_commit_record"},
      {"release", NodeId::active, "stillwater::engine::Engine::acknowledged"},
      {"standby-apply", NodeId::standby, "stillwater::standby::Applier::apply"},
      {"standby-commit", NodeId::standby, "stillwater::standby::Applier::commit"},
  };
  return kSteps;
}

Result<CrashStep> crash_step(const std::string& name) {
  std::string names;
  for (const CrashStep& step : crash_steps()) {
    if (step.name == name) return step;
    names += (names.empty() ? "" : ", ") + step.name;
  }
  if (name.find("::") != std::string::npos) return CrashStep{name, NodeId::active, name};
  return fail(Errc::invalid_argument, "no step \"" + name + "\"; the steps are " + names);
}

Result<Instant> crash_at(pid_t pid, const CrashStep& step, Nanos limit) {
  const auto address = address_in_process(pid, step.function);
  if (!address) return tl::unexpected(address.error());
  Result<Instant> killed = Instant{};
  std::thread([&] { killed = kill_at(pid, *address, limit); }).join();
  return killed;
}

Expectation Crash::expectation() const {
  const bool active = step_.node == NodeId::active;
  return {.gone = {step_.node}, .successor = active, .loses_service = active};
}

Status Crash::prepare() {
  const Node node = context_.system.node(step_.node);
  if (node.processes.empty()) {
    return fail(Errc::failed_precondition, context_.system.name() + " has no process to crash");
  }
  pid_ = node.processes.front();
  const auto address = address_in_process(pid_, step_.function);
  if (!address) return tl::unexpected(address.error());
  address_ = *address;
  return {};
}

Result<Struck> Crash::strike() {
  context_.system.expect_gone(step_.node);
  Result<Instant> killed = Instant{};
  std::thread([&] { killed = kill_at(pid_, address_, strike_within()); }).join();
  return killed.map([](Instant at) { return Struck{.at = at, .took = 0ns}; });
}

}  // namespace stillwater::rig
