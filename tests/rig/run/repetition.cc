#include "tests/rig/run/repetition.h"

#include <algorithm>

#include <fmt/format.h>

#include "tests/rig/faults/catalogue.h"
#include "tests/rig/systems/pair_network.h"
#include "tests/rig/wire/pair_wire.h"

namespace stillwater::rig {
namespace {

constexpr Nanos kOpenWithin = 20s;
// The load runs this long before it is judged: neighbours and sessions exist by then.
constexpr Nanos kWarmUp = 1s;
// After each reading of the active's figures, which costs it a little: before the load is judged, and before
// the fault.
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
  watch_.look_out_for([this] { return trouble(); });
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
  extra_.reset();
  probe_.reset();
  tcp_.reset();
  system_.reset();
  wire_.reset();
  relays_ = {};
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
  measured_.server_first_wanted = plan_.load.server_first;
  measured_.churn_per_s = plan_.load.churn_per_s;
  measured_.probes_per_s = plan_.load.probes_per_s;
  measured_.outage_ms_at_most = plan_.outage_ms_at_most;
  if (Status possible = check_possible(plan_.fault, *system_); !possible) {
    impossible_ = true;
    return possible;
  }
  return build_network();
}

Status Repetition::build_network() {
  const auto wanted = relayed_links(plan_.fault);
  if (!wanted) return tl::unexpected(wanted.error());
  Plan network = system_->plan();
  auto relays = RelayedLinks::splice(network, system_->node(NodeId::active), *wanted);
  if (!relays) return tl::unexpected(relays.error());
  auto topology = Topology::build(network, own_prefix());
  if (!topology) return tl::unexpected(topology.error());
  topology_.emplace(std::move(*topology));
  relays_ = std::move(*relays);
  return relays_.start(*topology_, plan_.seed + plan_.number);
}

std::string Repetition::trouble() {
  if (std::string stopped = relays_.trouble(); !stopped.empty()) return stopped;
  if (std::string stopped = extra_ ? extra_->trouble() : ""; !stopped.empty()) return stopped;
  return system_ ? system_->trouble() : std::string();
}

Status Repetition::watch_the_wire() {
  const VirtualMac mac = system_->has_virtual_mac() ? VirtualMac::of_the_pair : VirtualMac::none;
  auto wire = WireWatch::start({.space_fd = topology_->space("net").fd(),
                                .subject = pair_wire(system_->plan(), mac),
                                .pcap_folder = plan_.keep_captures ? plan_.options.out : ""});
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
                             .server_first = plan_.load.server_first,
                             .new_per_second = plan_.load.new_per_s,
                             .churn_per_second = plan_.load.churn_per_s});
  if (!tcp) return tl::unexpected(tcp.error());
  tcp_ = std::move(*tcp);
  const auto opened = watch_.wait("opening connections", clock_.now() + kOpenWithin, [this] {
    return tcp_->flows().counts().established == plan_.load.connections &&
           tcp_->server_first().counts().established == plan_.load.server_first;
  });
  if (!opened) return tl::unexpected(opened.error());
  if (tcp_->flows().counts().established > 0) {
    extra_ = std::make_unique<ExtraLoads>(plan_.load, *topology_, plan_.options.out);
    return extra_->prepare(watch_);
  }
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
  tcp_->churn().start();
  if (Status warm = watch_.wait("warming up", kWarmUp); !warm) return warm;

  first_term_ = system_->term();
  auto first = system_->checkpoint_figures();
  if (!first) return tl::unexpected(first.error());
  if (Status calm = watch_.wait("warming up", kUndisturbed); !calm) return calm;
  steady_since_ = clock_.now();
  if (Status started = extra_->start(); !started) return started;
  if (Status waited = watch_.wait("steady load", plan_.load.before); !waited) return waited;
  auto last = system_->checkpoint_figures();
  if (!last) return tl::unexpected(last.error());
  measured_.checkpoint = *last;
  if (*first && *last)
    measured_.checkpoint->steady_checkpoints = (*last)->checkpoints - (*first)->checkpoints;
  auto strikes = Strikes::prepare(plan_.fault, plan_.seed + plan_.number,
                                  {.system = *system_, .topology = *topology_, .relays = &relays_});
  if (!strikes) {
    impossible_ = strikes.error().code == Errc::failed_precondition;
    return tl::unexpected(strikes.error());
  }
  strikes_.emplace(std::move(*strikes));
  measured_.expected = strikes_->expectation(
      std::chrono::duration_cast<Nanos>(std::chrono::duration<double, std::milli>(plan_.outage_ms_at_most)));
  return watch_.wait("steady load", kUndisturbed + fault_phase(plan_.seed, plan_.number, kPhase));
}

Status Repetition::strike() {
  if (Status struck = strikes_->act(clock_.now()); !struck) return struck;
  measured_.struck = !strikes_->none();
  mark_if_all_struck();
  return {};
}

// What has to work after the fault is judged by what was written after the last of several.
void Repetition::mark_if_all_struck() {
  if (marked_ || !strikes_->all_struck()) return;
  marked_ = true;
  tcp_->flows().mark_fault();
  tcp_->server_first().mark_fault();
  tcp_->churn().mark_fault();
}

Status Repetition::recover() {
  const std::string phase = measured_.struck ? "after the fault" : "no fault";
  const Instant begin = clock_.now();
  while (true) {
    const auto due = strikes_->next_due();
    const Instant end = strikes_->last_struck_at().value_or(begin) + plan_.load.after;
    const bool more = due && (!strikes_->all_struck() || *due < end);
    const Instant until = more ? *due : end;
    const auto waited = watch_.wait(phase, until, [this] {
      look_for_redundancy();
      return false;
    });
    if (!waited) return tl::unexpected(waited.error());
    if (!more) break;
    if (Status acted = strikes_->act(clock_.now()); !acted) return acted;
    mark_if_all_struck();
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

bool Repetition::path_is_dead() const {
  if (!measured_.struck || tcp_->flows().counts().survived > 0) return false;
  const Instant from = *strikes_->last_struck_at() + ProbeAccount::kSettling;
  return !probe_->account().anything_since(from) && !probe_->account_to_client().anything_since(from);
}

Status Repetition::settle() {
  probe_->stop_sending();
  extra_->stop_sending();
  tcp_->new_connections().stop();
  tcp_->churn().stop();
  if (Status waited = watch_.wait("last probes", kInFlightProbes); !waited) return waited;
  probe_->stop_receiving();
  const Nanos grace = path_is_dead() ? 0s : kTcpGrace;
  const auto settled = watch_.wait("waiting for TCP", clock_.now() + grace, [this] {
    const FlowCounts flows = tcp_->flows().counts();
    const ServerFirstCounts server_first = tcp_->server_first().counts();
    return flows.survived + flows.broken >= plan_.load.connections &&
           server_first.survived + server_first.broken >= plan_.load.server_first &&
           tcp_->new_connections().under_way() == 0 && tcp_->churn().awaited() == 0 && extra_->over();
  });
  if (!settled) return tl::unexpected(settled.error());
  if (const auto term = system_->term(); term && first_term_)
    measured_.terms = *term - std::min(*term, *first_term_);
  const auto takeover = system_->takeover();
  if (takeover) measured_.takeover = *takeover;
  if (!takeover) note(takeover.error().message);
  return {};
}

void Repetition::collect() {
  tcp_->end();
  measured_.tcp = tcp_->flows().counts();
  measured_.tcp_reasons = tcp_->flows().reasons();
  measured_.server_first = tcp_->server_first().counts();
  measured_.server_first_reasons = tcp_->server_first().reasons();
  measured_.churn = tcp_->churn().counts();
  measured_.churn_reasons = tcp_->churn().reasons();
  measured_.churn_pace_missed = tcp_->churn().pace_missed();
  collect_probe();
  extra_->collect(steady_since_, measured_);
  measured_.wire = wire_->stop();
  if (!relays_.empty()) measured_.relay_dropped = relays_.dropped_as_asked();
  for (const std::string& loss : relays_.own_losses()) note(loss);
  measured_.attempts = summarize(tcp_->new_connections().attempts(), steady_since_,
                                 measured_.probe.window_begin, measured_.probe.window_end);
  measured_.attempts_pace_missed = tcp_->new_connections().pace_missed();
}

void Repetition::collect_probe() {
  const ProbeAccount& to_server = probe_->account();
  const ProbeAccount& to_client = probe_->account_to_client();
  const std::optional<Instant> struck_at = strikes_->struck_at();
  const std::optional<Instant> last = strikes_->last_struck_at();
  measured_.to_server = to_server.summary(steady_since_, struck_at, last);
  measured_.to_client = to_client.summary(steady_since_, struck_at, last);
  measured_.probe = both_ways(measured_.to_server, measured_.to_client);
  measured_.probe_pace_missed = probe_->pace_missed();
  measured_.probe_realtime = probe_->realtime();
  if (const auto dropped = probe_->receiver_dropped(); dropped > 0) {
    note(fmt::format("the harness itself dropped {} probes at its receivers", dropped));
  }
  measured_.zero = struck_at.value_or(steady_since_);
  const Instant window_begin = struck_at ? measured_.probe.window_begin : Instant::max();
  const Instant window_end = struck_at ? measured_.probe.window_end : Instant::max();
  const std::vector<const ProbeAccount*> both{&to_server, &to_client};
  measured_.delay_before = delays_of(both, steady_since_, window_begin);
  measured_.delay_during = delays_of(both, window_begin, window_end);
  measured_.delay_after = delays_of(both, window_end, Instant::max());
  measured_.timeline = timeline_of(to_server, steady_since_, measured_.zero);
  measured_.timeline_to_client = timeline_of(to_client, steady_since_, measured_.zero);
}

std::string Repetition::load_line() const {
  if (!tcp_) return {};
  const FlowCounts flows = tcp_->flows().counts();
  std::string line = fmt::format(" | tcp {} of {}", flows.established - flows.broken, plan_.load.connections);
  if (measured_.struck) line += fmt::format(", {} survived", flows.survived);
  if (!probe_ || !extra_) return line;
  const std::uint64_t sent = probe_->sent_in_all();
  const std::uint64_t arrived = std::min(sent, probe_->arrived_in_all());
  return line +
         fmt::format(" | probe {} sent, {} missing | new {} ok, {} failed", sent, sent - arrived,
                     tcp_->new_connections().succeeded(), tcp_->new_connections().failed()) +
         extra_->replay_line();
}

}  // namespace stillwater::rig
