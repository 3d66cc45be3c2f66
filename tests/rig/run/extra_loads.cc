#include "tests/rig/run/extra_loads.h"

#include <algorithm>

#include <fmt/format.h>

#include "tests/rig/systems/pair_network.h"

namespace stillwater::rig {
namespace {

constexpr Nanos kServeWithin = 10s;
// What a repetition adds to the steady load before the fault, at most.
constexpr Nanos kAround = 1500ms;

}  // namespace

Status ExtraLoads::prepare(Watch& watch) {
  const ProgramPlace place{.client_space_fd = topology_.space("client").fd(),
                           .server_space_fd = topology_.space("server").fd(),
                           .server_address = kServerAddress,
                           .folder = folder_,
                           .runs_for = plan_.before + plan_.after + kAround};
  for (const std::string& name : plan_.programs) {
    programs_.push_back({name, make_program(name, place)});
    Program& program = *programs_.back().program;
    if (Status started = program.start_server(); !started) return started;
    Status trouble;
    const auto serving = watch.wait("starting " + name, BootClock().now() + kServeWithin, [&] {
      const auto serves = program.serving();
      if (!serves) trouble = tl::unexpected(serves.error());
      return !serves || *serves;
    });
    if (!serving) return tl::unexpected(serving.error());
    if (!trouble) return trouble;
    if (!*serving) return fail(Errc::timed_out, "the server of " + name + " did not listen in time");
  }
  return {};
}

Status ExtraLoads::start() {
  for (const Named& it : programs_) {
    if (Status started = it.program->start_client(); !started) return started;
  }
  if (Status started = start_stress(); !started) return started;
  return plan_.replay.file.empty() ? Status{} : start_replay();
}

// Where all hosts are one machine, its processors are those of both nodes and of the rig.
Status ExtraLoads::start_stress() {
  if (plan_.stress_cpus == 0) return {};
  auto stress =
      Child::start({"stress-ng", "--cpu", std::to_string(plan_.stress_cpus)}, -1, folder_ + "/stress-ng.log");
  if (!stress) return tl::unexpected(stress.error());
  stress_.emplace(std::move(*stress));
  return {};
}

std::string ExtraLoads::trouble() {
  if (!stress_) return {};
  const auto how = stress_->ended();
  return how ? "stress-ng " + *how + ", see " + stress_->log_path() : "";
}

Status ExtraLoads::start_replay() {
  const ReplayPlan& plan = plan_.replay;
  auto file = read_replay(plan.file, plan.per_second == 0);
  if (!file) return tl::unexpected(file.error());
  ReplayEnd client{topology_.space("client").fd(), "eth0"};
  ReplayEnd server{topology_.space("server").fd(), "eth0"};
  const ReplayOptions options{.from = plan.from_server ? server : client,
                              .to = plan.from_server ? client : server,
                              .gateway = plan.from_server ? kOutsideAddress : kInsideAddress,
                              .per_second = plan.per_second,
                              .times = plan.times};
  auto replay = Replay::start(std::move(*file), options);
  if (!replay) return tl::unexpected(replay.error());
  replay_ = std::move(*replay);
  return {};
}

void ExtraLoads::stop_sending() {
  stress_.reset();
  if (replay_) replay_->stop_sending();
}

std::string ExtraLoads::replay_line() const {
  if (!replay_) return {};
  const std::uint64_t sent = replay_->sent();
  return fmt::format(" | replay {} sent, {} missing", sent, sent - std::min(sent, replay_->arrived()));
}

bool ExtraLoads::over() {
  return std::all_of(programs_.begin(), programs_.end(), [](const Named& it) { return it.program->over(); });
}

void ExtraLoads::collect(Instant steady_since, Measurements& measured) {
  if (replay_) collect_replay(steady_since, measured);
  for (const Named& it : programs_) measured.programs[it.name] = it.program->finish();
}

void ExtraLoads::collect_replay(Instant steady_since, Measurements& measured) {
  replay_->stop_receiving();
  measured.replay =
      replay_->account().summary(steady_since, measured.probe.window_begin, measured.probe.window_end);
  measured.replay_pace_missed = replay_->pace_missed();
  if (const auto dropped = replay_->receiver_dropped(); dropped > 0) {
    measured.problems.push_back(fmt::format("the harness itself dropped {} frames at the far end", dropped));
  }
}

}  // namespace stillwater::rig
