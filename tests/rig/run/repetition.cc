#include "tests/rig/run/repetition.h"

#include <algorithm>

#include <fmt/format.h>

#include "tests/rig/systems/pair_network.h"
#include "tests/rig/wire/pair_wire.h"

namespace stillwater::rig {
namespace {

constexpr Nanos kOpenWithin = 20s;
// The load runs this long before it is judged: neighbours and sessions exist by then.
constexpr Nanos kWarmUp = 1s;
// Between reading the active's figures, which costs it a little, and the fault.
constexpr Nanos kUndisturbed = 300ms;
// The fault strikes anywhere within this time, so that it keeps no step with the system's own rhythms.
constexpr Nanos kPhase = 1s;
constexpr Nanos kInFlightProbes = 500ms;
// TCP doubles its retransmission time while nothing comes through, so a flow may notice late.
constexpr Nanos kTcpGrace = 15s;
// Asking for the status costs the system a little.
constexpr Nanos kAskEvery = 200ms;

}  // namespace

Result<Measurements> Repetition::run() {
  watch_.look_out_for([this] { return system_ ? system_->trouble() : std::string(); });
  watch_.show_also([this] { return load_line(); });
  const Status ran = run_phases();
  watch_.clear();
  if (ran) collect();
  if (system_) logs_ = system_->log_tails();
  clean_up();
  if (!ran) return tl::unexpected(ran.error());
  return measured_;
}

void Repetition::clean_up() {
  watch_.show("cleaning up");
  strikes_.reset();
  probe_.reset();
  tcp_.reset();
  system_.reset();
  wire_.reset();
  topology_.reset();
  watch_.clear();
}

Status Repetition::run_phases() {
  return build()
      .and_then([this] { return watch_the_wire(); })
      .and_then([this] { return start_system(); })
      .and_then([this] { return open_connections(); })
      .and_then([this] { return steady(); })
      .and_then([this] { return strike(); })
      .and_then([this] { return recover(); })
      .and_then([this] { return settle(); });
}

Status Repetition::build() {
  watch_.show("building the network");
  auto system = make_system(plan_.system, plan_.options);
  if (!system) return tl::unexpected(system.error());
  system_ = std::move(*system);
  measured_.system = plan_.system;
  measured_.fault = plan_.fault;
  measured_.connections_wanted = plan_.load.connections;
  measured_.probes_per_s = plan_.load.probes_per_s;
  measured_.outage_ms_at_most = plan_.outage_ms_at_most;
  auto topology = Topology::build(system_->plan(), own_prefix());
  if (!topology) return tl::unexpected(topology.error());
  topology_.emplace(std::move(*topology));
  return {};
}

Status Repetition::watch_the_wire() {
  const VirtualMac mac = system_->has_virtual_mac() ? VirtualMac::of_the_pair : VirtualMac::none;
  auto wire = WireWatch::start(
      {.space_fd = topology_->space("net").fd(), .subject = pair_wire(system_->plan(), mac)});
  if (!wire) return tl::unexpected(wire.error());
  wire_ = std::move(*wire);
  return {};
}

Status Repetition::start_system() {
  if (Status started = system_->start(*topology_); !started) return started;
  std::string waits_for;
  const auto ready = watch_.wait("starting the system", clock_.now() + system_->ready_within(), [&] {
    waits_for = system_->not_ready_because();
    return waits_for.empty();
  });
  if (!ready) return tl::unexpected(ready.error());
  if (*ready) return {};
  return fail(Errc::timed_out, "the system was not ready in time: " + waits_for);
}

Status Repetition::open_connections() {
  auto tcp = TcpLoad::start({.client_space_fd = topology_->space("client").fd(),
                             .server_space_fd = topology_->space("server").fd(),
                             .server_address = kServerAddress,
                             .flows = plan_.load.connections,
                             .new_per_second = plan_.load.new_per_s});
  if (!tcp) return tl::unexpected(tcp.error());
  tcp_ = std::move(*tcp);
  const auto opened = watch_.wait("opening connections", clock_.now() + kOpenWithin, [this] {
    return tcp_->flows().counts().established == plan_.load.connections;
  });
  if (!opened) return tl::unexpected(opened.error());
  if (tcp_->flows().counts().established > 0) return {};
  return fail(Errc::unavailable, "not one TCP connection could be opened through the system");
}

Status Repetition::steady() {
  auto probe = Probe::start({.client_space_fd = topology_->space("client").fd(),
                             .server_space_fd = topology_->space("server").fd(),
                             .server_address = kServerAddress,
                             .per_second = plan_.load.probes_per_s,
                             .at_most = plan_.load.before + plan_.load.after + 60s});
  if (!probe) return tl::unexpected(probe.error());
  probe_ = std::move(*probe);
  tcp_->new_connections().start();
  if (Status warm = watch_.wait("warming up", kWarmUp); !warm) return warm;

  auto first = system_->checkpoint_figures();
  if (!first) return tl::unexpected(first.error());
  steady_since_ = clock_.now();
  if (Status waited = watch_.wait("steady load", plan_.load.before); !waited) return waited;
  auto last = system_->checkpoint_figures();
  if (!last) return tl::unexpected(last.error());
  measured_.checkpoint = *last;
  if (*first && *last)
    measured_.checkpoint->steady_checkpoints = (*last)->checkpoints - (*first)->checkpoints;
  auto strikes =
      Strikes::prepare(plan_.fault, plan_.seed + plan_.number, {.system = *system_, .topology = *topology_});
  if (!strikes) {
    impossible_ = strikes.error().code == Errc::failed_precondition;
    return tl::unexpected(strikes.error());
  }
  strikes_.emplace(std::move(*strikes));
  return watch_.wait("steady load", kUndisturbed + fault_phase(plan_.seed, plan_.number, kPhase));
}

Status Repetition::strike() {
  if (Status struck = strikes_->act(clock_.now()); !struck) return struck;
  tcp_->flows().mark_fault();
  measured_.struck = !strikes_->none();
  return {};
}

Status Repetition::recover() {
  const std::string phase = measured_.struck ? "after the fault" : "no fault";
  const Instant end = clock_.now() + plan_.load.after;
  while (true) {
    const auto due = strikes_->next_due();
    const bool more = due && *due < end;
    const Instant until = more ? *due : end;
    const auto waited = watch_.wait(phase, until, [this] {
      look_for_redundancy();
      return false;
    });
    if (!waited) return tl::unexpected(waited.error());
    if (!more) break;
    if (Status acted = strikes_->act(clock_.now()); !acted) return acted;
  }
  measured_.fault_took = strikes_->took();
  return {};
}

void Repetition::look_for_redundancy() {
  const bool over = strikes_->healed_at() && !strikes_->next_due();
  const Instant now = clock_.now();
  if (!over || measured_.redundant_again || now < asked_at_ + kAskEvery) return;
  asked_at_ = now;
  if (system_->not_redundant_because().empty())
    measured_.redundant_again = clock_.now() - *strikes_->struck_at();
}

Status Repetition::settle() {
  probe_->stop_sending();
  tcp_->new_connections().stop();
  if (Status waited = watch_.wait("last probes", kInFlightProbes); !waited) return waited;
  probe_->stop_receiving();
  const auto settled = watch_.wait("waiting for TCP", clock_.now() + kTcpGrace, [this] {
    const FlowCounts flows = tcp_->flows().counts();
    return flows.survived + flows.broken >= plan_.load.connections &&
           tcp_->new_connections().under_way() == 0;
  });
  if (!settled) return tl::unexpected(settled.error());
  const auto takeover = system_->takeover();
  if (takeover) measured_.takeover = *takeover;
  if (!takeover) note(takeover.error().message);
  return {};
}

void Repetition::collect() {
  tcp_->end();
  measured_.tcp = tcp_->flows().counts();
  measured_.tcp_reasons = tcp_->flows().reasons();
  collect_probe();
  measured_.wire = wire_->stop();
  measured_.attempts = summarize(tcp_->new_connections().attempts(), steady_since_,
                                 measured_.probe.window_begin, measured_.probe.window_end);
  measured_.attempts_pace_missed = tcp_->new_connections().pace_missed();
}

void Repetition::collect_probe() {
  const ProbeAccount& account = probe_->account();
  const std::optional<Instant> struck_at = strikes_->struck_at();
  measured_.probe = account.summary(steady_since_, struck_at);
  measured_.probe_pace_missed = probe_->pace_missed();
  measured_.probe_realtime = probe_->realtime();
  if (const auto dropped = probe_->receiver_dropped(); dropped > 0) {
    note(fmt::format("the harness itself dropped {} probes at its receiver", dropped));
  }
  measured_.zero = struck_at.value_or(steady_since_);
  const Instant window_begin = struck_at ? measured_.probe.window_begin : Instant::max();
  const Instant window_end = struck_at ? measured_.probe.window_end : Instant::max();
  measured_.delay_before = delays_of(account, steady_since_, window_begin);
  measured_.delay_during = delays_of(account, window_begin, window_end);
  measured_.delay_after = delays_of(account, window_end, Instant::max());
  measured_.timeline = timeline_of(account, steady_since_, measured_.zero);
}

std::string Repetition::load_line() const {
  if (!tcp_) return {};
  const FlowCounts flows = tcp_->flows().counts();
  std::string line = fmt::format(" | tcp {} of {}", flows.established - flows.broken, plan_.load.connections);
  if (measured_.struck) line += fmt::format(", {} survived", flows.survived);
  if (!probe_) return line;
  const std::uint64_t sent = probe_->sent();
  const std::uint64_t arrived = std::min(sent, probe_->arrived());
  return line + fmt::format(" | probe {} sent, {} missing | new {} ok, {} failed", sent, sent - arrived,
                            tcp_->new_connections().succeeded(), tcp_->new_connections().failed());
}

}  // namespace stillwater::rig
