#include "tests/rig/demo/demo.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "tests/rig/faults/kill.h"
#include "tests/rig/systems/linux_forwarding.h"
#include "tests/rig/systems/pair_network.h"
#include "tests/rig/systems/stillwater_pair.h"

namespace stillwater::rig {
namespace {

constexpr Nanos kReadyWithin = 60s;
constexpr Nanos kOpenWithin = 20s;
// The load runs this long before it is judged: neighbours and sessions exist by then.
constexpr Nanos kWarmUp = 1s;
// Between reading the active's figures, which costs it a little, and the fault.
constexpr Nanos kUndisturbed = 300ms;
constexpr Nanos kInFlightProbes = 500ms;
// TCP doubles its retransmission time while nothing comes through, so a flow may notice late.
constexpr Nanos kTcpGrace = 15s;

std::unique_ptr<System> make_system(const DemoOptions& options) {
  if (options.system == "linux") return std::make_unique<LinuxForwarding>();
  return std::make_unique<StillwaterPair>(StillwaterPaths{.daemon = options.bin + "/appliance/stillwaterd",
                                                          .client = options.bin + "/mgmt/stillwaterctl",
                                                          .configs = options.configs,
                                                          .out = options.out});
}

}  // namespace

Result<Measurements> Demo::run() {
  const Status ran = run_phases();
  progress_.clear();
  if (ran) collect();
  if (system_) logs_ = system_->log_tails();
  progress_.show("cleaning up");
  probe_.reset();
  tcp_.reset();
  system_.reset();
  topology_.reset();
  progress_.clear();
  if (!ran) return tl::unexpected(ran.error());
  return measured_;
}

Status Demo::run_phases() {
  return build()
      .and_then([this] { return start_system(); })
      .and_then([this] { return open_connections(); })
      .and_then([this] { return steady(); })
      .and_then([this] { return strike(); })
      .and_then([this] { return recover(); })
      .and_then([this] { return settle(); });
}

Status Demo::build() {
  progress_.show("building the network");
  system_ = make_system(options_);
  measured_.system = system_->name();
  measured_.fault = options_.fault;
  measured_.connections_wanted = options_.connections;
  auto topology = Topology::build(system_->plan(), own_prefix());
  if (!topology) return tl::unexpected(topology.error());
  topology_.emplace(std::move(*topology));
  return {};
}

Status Demo::start_system() {
  if (Status started = system_->start(*topology_); !started) return started;
  std::string waits_for;
  const auto ready = wait("starting the system", clock_.now() + kReadyWithin, [&] {
    waits_for = system_->not_ready_because();
    return waits_for.empty();
  });
  if (!ready) return tl::unexpected(ready.error());
  if (*ready) return {};
  return fail(Errc::timed_out, "the system was not ready in time: " + waits_for);
}

Status Demo::open_connections() {
  auto tcp = TcpLoad::start({.client_space_fd = topology_->space("client").fd(),
                             .server_space_fd = topology_->space("server").fd(),
                             .server_address = kServerAddress,
                             .flows = options_.connections,
                             .new_per_second = options_.new_per_s});
  if (!tcp) return tl::unexpected(tcp.error());
  tcp_ = std::move(*tcp);
  const auto opened = wait("opening connections", clock_.now() + kOpenWithin,
                           [this] { return tcp_->flows().counts().established == options_.connections; });
  if (!opened) return tl::unexpected(opened.error());
  if (tcp_->flows().counts().established > 0) return {};
  return fail(Errc::unavailable, "not one TCP connection could be opened through the system");
}

Status Demo::steady() {
  const Nanos before = std::chrono::seconds(options_.seconds_before);
  const Nanos after = std::chrono::seconds(options_.seconds_after);
  auto probe = Probe::start({.client_space_fd = topology_->space("client").fd(),
                             .server_space_fd = topology_->space("server").fd(),
                             .server_address = kServerAddress,
                             .per_second = options_.probe_pps,
                             .at_most = before + after + 60s});
  if (!probe) return tl::unexpected(probe.error());
  probe_ = std::move(*probe);
  tcp_->new_connections().start();
  if (Status warm = wait("warming up", kWarmUp); !warm) return warm;

  auto first = system_->checkpoint_figures();
  if (!first) return tl::unexpected(first.error());
  steady_since_ = clock_.now();
  if (Status waited = wait("steady load", before); !waited) return waited;
  auto last = system_->checkpoint_figures();
  if (!last) return tl::unexpected(last.error());
  measured_.checkpoint = *last;
  if (*first && *last)
    measured_.checkpoint->steady_checkpoints = (*last)->checkpoints - (*first)->checkpoints;
  return wait("steady load", kUndisturbed);
}

Status Demo::strike() {
  if (options_.fault == "none") {
    tcp_->flows().mark_fault();
    return {};
  }
  auto kill =
      NodeKill::prepare(topology_->space("active").fd(), system_->active_pid(), system_->active_interfaces());
  if (!kill) return tl::unexpected(kill.error());
  system_->active_was_killed();
  const auto struck = kill->strike();
  if (!struck) return tl::unexpected(struck.error());
  tcp_->flows().mark_fault();
  struck_at_ = struck->at;
  measured_.struck = true;
  measured_.fault_took = struck->took;
  return {};
}

Status Demo::recover() {
  const std::string phase = struck_at_ ? "after the fault" : "no fault";
  return wait(phase, std::chrono::seconds(options_.seconds_after));
}

Status Demo::settle() {
  probe_->stop_sending();
  tcp_->new_connections().stop();
  if (Status waited = wait("last probes", kInFlightProbes); !waited) return waited;
  probe_->stop_receiving();
  const auto settled = wait("waiting for TCP", clock_.now() + kTcpGrace, [this] {
    const FlowCounts flows = tcp_->flows().counts();
    return flows.survived + flows.broken >= options_.connections && tcp_->new_connections().under_way() == 0;
  });
  if (!settled) return tl::unexpected(settled.error());
  const auto takeover = system_->takeover();
  if (takeover) measured_.takeover = *takeover;
  if (!takeover) note(takeover.error().message);
  return {};
}

void Demo::collect() {
  tcp_->end();
  measured_.tcp = tcp_->flows().counts();
  measured_.tcp_reasons = tcp_->flows().reasons();
  measured_.probe = probe_->account().summary(steady_since_, struck_at_);
  measured_.probe_pace_missed = probe_->pace_missed();
  measured_.probe_realtime = probe_->realtime();
  if (const auto dropped = probe_->receiver_dropped(); dropped > 0) {
    note(fmt::format("the harness itself dropped {} probes at its receiver", dropped));
  }
  measured_.attempts = summarize(tcp_->new_connections().attempts(), steady_since_,
                                 measured_.probe.window_begin, measured_.probe.window_end);
  measured_.attempts_pace_missed = tcp_->new_connections().pace_missed();
}

Result<bool> Demo::wait(const std::string& phase, Instant deadline, const std::function<bool()>& done) {
  while (true) {
    if (interrupts_.happened()) return fail(Errc::failed_precondition, "interrupted");
    if (const std::string trouble = system_->trouble(); !trouble.empty()) {
      return fail(Errc::unavailable, trouble + " (while " + phase + ")");
    }
    if (done()) return true;
    const Instant now = clock_.now();
    if (now >= deadline) return false;
    const double left = std::ceil(std::chrono::duration<double>(deadline - now).count());
    progress_.show(fmt::format("{}, {:.0f} s left{}", phase, left, load_line()));
    (void)interrupts_.wait_until(std::min(deadline, now + 200ms));
  }
}

Status Demo::wait(const std::string& phase, Nanos duration) {
  const auto waited = wait(phase, clock_.now() + duration, [] { return false; });
  if (!waited) return tl::unexpected(waited.error());
  return {};
}

std::string Demo::load_line() const {
  if (!tcp_) return {};
  const FlowCounts flows = tcp_->flows().counts();
  std::string line = fmt::format(" | tcp {} of {}", flows.established - flows.broken, options_.connections);
  if (struck_at_) line += fmt::format(", {} survived", flows.survived);
  if (!probe_) return line;
  const std::uint64_t sent = probe_->sent();
  const std::uint64_t arrived = std::min(sent, probe_->arrived());
  return line + fmt::format(" | probe {} sent, {} missing | new {} ok, {} failed", sent, sent - arrived,
                            tcp_->new_connections().succeeded(), tcp_->new_connections().failed());
}

void Demo::note(const std::string& problem) { measured_.problems.push_back(problem); }

}  // namespace stillwater::rig
