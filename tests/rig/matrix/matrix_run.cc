#include "tests/rig/matrix/matrix_run.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "tests/rig/faults/catalogue.h"
#include "tests/rig/systems/pair_network.h"
#include "tests/rig/topology/flooding.h"
#include "tests/rig/wire/pair_wire.h"

namespace stillwater::rig {
namespace {

// Before each strike, so that the probe and sessions of all ages are there.
constexpr Nanos kSteady = 500ms;
constexpr Nanos kOpenWithin = 30s;
constexpr Nanos kServesWithin = 20s;
constexpr Nanos kInFlightProbes = 300ms;
// TCP doubles its retransmission time while nothing comes through, so a session may notice late: by twice
// the time that it waited, and this.
constexpr Nanos kTcpGrace = 15s;
// Where sessions may be forgotten, those that work on do so by then.
constexpr Nanos kShortGrace = 3s;

std::string utc_now() {
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  return fmt::format("{:%FT%T}Z", now);
}

double seconds(Nanos time) { return std::chrono::duration<double>(time).count(); }

// Each strike's probe has its own, so that a straggler of the one before is not taken for its duplicate.
std::uint16_t probe_port(std::size_t strikes_before) {
  return static_cast<std::uint16_t>(ProbeOptions{}.port + strikes_before % 1000);
}

// Whatever the wire says but for how long an old active went on, which the scenario bounds.
void take_wire(const WireVerdict& verdict, Instant struck, StrikeRecord& record) {
  record.stale_frames = stale_frames(verdict, record.leader_after);
  for (const WrongPort& it : verdict.wrong_ports) record.wrong_ports += it.frames;
  record.duplicates += verdict.datagrams_duplicated;
  record.wire = to_text(verdict, struck);
}

}  // namespace

std::vector<std::string> not_for_a_matrix(const Scenario& scenario, System& system) {
  std::vector<std::string> found;
  if (scenario.systems.size() != 1) found.emplace_back("a matrix is of one system; choose it by --system");
  if (!system.says_who_leads()) found.push_back(system.name() + " cannot say who leads");
  if (scenario.faults.size() < 2) found.emplace_back("a matrix needs two faults at least to draw pairs from");
  for (const std::string& fault : scenario.faults) {
    const auto toll = toll_of(fault);
    if (!toll) found.push_back(toll.error().message);
    if (const Status possible = check_possible(fault, system); !possible)
      found.push_back(fault + " is impossible: " + possible.error().message);
    if (toll && !toll->heals_itself && fault.find(':') == std::string::npos)
      found.push_back(fault + " is never over; say after what time, as in " + fault + ":2s");
    if (fault.find_first_of("+@") != std::string::npos)
      found.push_back(fault + " is more than a fault; a matrix makes pairs by itself");
  }
  return found;
}

MatrixRun::MatrixRun(const Scenario& scenario, const SystemOptions& options,
                     std::optional<std::uint32_t> strikes, Interrupts& interrupts)
    : scenario_(scenario),
      options_(options),
      strikes_at_most_(strikes),
      interrupts_(interrupts),
      watch_(interrupts, ""),
      deck_(scenario.faults, scenario.matrix.offset_at_most, scenario.seed) {
  report_.scenario = scenario.name;
  report_.system = scenario.systems.front();
  report_.seed = scenario.seed;
}

MatrixReport MatrixRun::run(const std::function<void(const MatrixReport&)>& after_each) {
  watch_.look_out_for([this] { return system_ ? system_->trouble() : std::string(); });
  watch_.show_also([this] { return load_line(); });
  const Status ran = begin().and_then([&] { return strike_on(after_each); });
  watch_.clear();
  report_.interrupted = interrupts_.happened();
  if (!ran && !report_.interrupted) report_.failure = ran.error().message;
  if (system_) logs_ = system_->log_tails();
  clean_up();
  return report_;
}

void MatrixRun::clean_up() {
  watch_.show("cleaning up");
  strikes_.reset();
  by_role_.reset();
  probe_.reset();
  tcp_.reset();
  system_.reset();
  wire_.reset();
  topology_.reset();
  watch_.clear();
}

Status MatrixRun::begin() {
  watch_.show("building the network");
  for (const char* node : {"active", "standby"}) {
    std::error_code none;
    std::filesystem::remove_all(options_.out + "/" + node, none);  // logs of an earlier run into this folder
  }
  auto system = make_system(report_.system, options_);
  if (!system) return tl::unexpected(system.error());
  system_ = std::move(*system);
  auto topology = Topology::build(system_->plan(), own_prefix());
  if (!topology) return tl::unexpected(topology.error());
  topology_.emplace(std::move(*topology));
  return watch_the_wire(probe_port(0)).and_then([this] { return start_system(); }).and_then([this] {
    return open_load();
  });
}

Status MatrixRun::watch_the_wire(std::uint16_t port) {
  const VirtualMac mac = system_->has_virtual_mac() ? VirtualMac::of_the_pair : VirtualMac::none;
  std::string folder;
  if (scenario_.keep_captures) {
    folder = fmt::format("{}/wire-{:04}", options_.out, report_.strikes.size() + 1);
    std::error_code none;
    std::filesystem::create_directories(folder, none);
  }
  auto wire = WireWatch::start({.space_fd = topology_->space("net").fd(),
                                .subject = pair_wire(system_->plan(), mac, port),
                                .pcap_folder = folder});
  if (!wire) return tl::unexpected(wire.error());
  wire_ = std::move(*wire);
  return {};
}

Status MatrixRun::start_system() {
  if (Status started = system_->start(*topology_); !started) return started;
  std::string waits_for;
  const auto ready = watch_.wait("starting the system", clock_.now() + system_->ready_within(), [&] {
    waits_for = system_->state().not_whole_because;
    return waits_for.empty();
  });
  if (!ready) return tl::unexpected(ready.error());
  if (*ready) return {};
  return fail(Errc::timed_out, "the pair was not whole in time: " + waits_for);
}

Status MatrixRun::open_load() {
  tcp_.reset();
  const LoadPlan& load = scenario_.load;
  auto tcp = TcpLoad::start({.client_space_fd = topology_->space("client").fd(),
                             .server_space_fd = topology_->space("server").fd(),
                             .server_address = kServerAddress,
                             .flows = load.connections,
                             .new_per_second = load.new_per_s,
                             .churn_per_second = load.churn_per_s});
  if (!tcp) return tl::unexpected(tcp.error());
  tcp_ = std::move(*tcp);
  const auto opened = watch_.wait("opening connections", clock_.now() + kOpenWithin, [this, &load] {
    return tcp_->flows().counts().established == load.connections;
  });
  if (!opened) return tl::unexpected(opened.error());
  if (!*opened) return fail(Errc::timed_out, "not all connections could be opened through the pair");
  tcp_->new_connections().start();
  tcp_->churn().start();
  return {};
}

Status MatrixRun::strike_on(const std::function<void(const MatrixReport&)>& after_each) {
  begun_ = clock_.now();
  const Instant end = begun_ + scenario_.matrix.duration;
  while (clock_.now() < end && report_.strikes.size() < strikes_at_most_.value_or(UINT32_MAX)) {
    StrikeRecord record;
    record.number = static_cast<std::uint32_t>(report_.strikes.size()) + 1;
    record.draw = deck_.next();
    record.may_forget = may_forget(*toll_of(record.draw.first), *toll_of(record.draw.second));
    const Status struck = strike_once(record);
    if (interrupts_.happened()) return {};
    if (!struck) record.errors.push_back(struck.error().message);
    record.reasons = broken_promises(record, scenario_.matrix.stale_frames_at_most);
    watch_.clear();
    report_.strikes.push_back(record);
    after_each(report_);
    if (!struck) return struck;
    if (!record.whole_ms) return fail(Errc::unavailable, "the pair is not whole any more");
  }
  return {};
}

Status MatrixRun::strike_once(StrikeRecord& record) {
  record.at = utc_now();
  record.begin_s = seconds(clock_.now() - begun_);
  return aim(record)
      .and_then([&] { return strike_and_heal(record); })
      .and_then([&] { return wait_until_whole(record); })
      .and_then([&] { return record.whole_ms ? ask_sessions(record) : Status{}; })
      .and_then([&] { return end_probe(record); })
      .and_then([&] { return look_at_wire(record); })
      .and_then([&] { return record.whole_ms ? serve_again(record) : Status{}; });
}

Status MatrixRun::aim(StrikeRecord& record) {
  const PairState state = system_->state();
  if (!state.leader) return fail(Errc::unavailable, "nobody leads before a strike");
  record.leader_before = system_->node(*state.leader).space;
  if (Status set = set_flooding(system_->plan(), *topology_, record.draw.floods); !set) return set;
  auto probe = Probe::start({.client_space_fd = topology_->space("client").fd(),
                             .server_space_fd = topology_->space("server").fd(),
                             .server_address = kServerAddress,
                             .port = probe_port(report_.strikes.size()),
                             .per_second = scenario_.load.probes_per_s,
                             .at_most = scenario_.matrix.whole_within + 120s});
  if (!probe) return tl::unexpected(probe.error());
  probe_ = std::move(*probe);
  probe_since_ = clock_.now();
  by_role_ = std::make_unique<ByRole>(*system_, *state.leader);
  auto strikes = Strikes::prepare(record.draw.schedule(), 0, {.system = *by_role_, .topology = *topology_});
  if (!strikes) return tl::unexpected(strikes.error());
  strikes_.emplace(std::move(*strikes));
  return watch_.wait("steady load", kSteady);
}

Status MatrixRun::strike_and_heal(StrikeRecord& record) {
  bool marked = false;
  for (auto due = std::optional(clock_.now()); due; due = strikes_->next_due()) {
    if (Status waited = watch_.wait_until(record.draw.schedule(), *due); !waited) return waited;
    if (Status acted = strikes_->act(clock_.now()); !acted) return acted;
    if (marked || !strikes_->all_struck()) continue;
    marked = true;
    tcp_->flows().mark_fault();
    tcp_->churn().mark_fault();
  }
  return {};
}

Status MatrixRun::wait_until_whole(StrikeRecord& record) {
  const Instant healed = clock_.now();
  PairState state;
  const auto whole = watch_.wait(record.draw.schedule() + ": until the pair is whole",
                                 healed + scenario_.matrix.whole_within, [&] {
                                   state = system_->state();
                                   return state.not_whole_because.empty();
                                 });
  if (!whole) return tl::unexpected(whole.error());
  record.not_whole_because = state.not_whole_because;
  record.errors = state.errors;
  if (*whole) record.whole_ms = milliseconds(clock_.now() - healed);
  if (state.leader) record.leader_after = system_->node(*state.leader).space;
  return {};
}

Status MatrixRun::ask_sessions(StrikeRecord& record) {
  const Nanos waited = clock_.now() - *strikes_->struck_at();
  const Nanos grace = record.may_forget ? kShortGrace : kTcpGrace + 2 * waited;
  const auto& flows = tcp_->flows();
  const auto& churn = tcp_->churn();
  const std::uint32_t connections = scenario_.load.connections;
  const auto done = watch_.wait("asking sessions", clock_.now() + grace, [&] {
    const FlowCounts counts = flows.counts();
    return flows.mark_taken() && churn.mark_taken() && churn.awaited_at_fault() == 0 &&
           counts.survived + counts.broken >= connections;
  });
  if (!done) return tl::unexpected(done.error());
  const std::uint32_t survived = flows.counts().survived;
  record.forgotten = connections - survived + churn.awaited_at_fault() + churn.broken();
  record.asked = connections + churn.asked_at_fault();
  tcp_->churn().release();
  return {};
}

Status MatrixRun::end_probe(StrikeRecord& record) {
  probe_->stop_sending();
  if (Status waited = watch_.wait("last probes", kInFlightProbes); !waited) return waited;
  probe_->stop_receiving();
  const auto struck = strikes_->struck_at();
  const auto last = strikes_->last_struck_at();
  const ProbeSummary both = both_ways(probe_->account().summary(probe_since_, struck, last),
                                      probe_->account_to_client().summary(probe_since_, struck, last));
  record.outage_ms = both.outage_ms;
  record.duplicates += both.duplicated;
  if (both.corrupted > 0) record.errors.push_back(fmt::format("{} probes arrived changed", both.corrupted));
  probe_.reset();  // its port is the next one's
  return {};
}

// The next watch begins before the last one ends: no frame is missed.
Status MatrixRun::look_at_wire(StrikeRecord& record) {
  const std::unique_ptr<WireWatch> last = std::move(wire_);
  Status next = watch_the_wire(probe_port(report_.strikes.size() + 1));
  take_wire(last->stop(), *strikes_->struck_at(), record);
  strikes_.reset();
  return next;
}

Status MatrixRun::serve_again(StrikeRecord& record) {
  if (record.forgotten > 0) {
    const Status opened = open_load();
    record.serves = opened.has_value();
    return opened;
  }
  const std::uint64_t before = tcp_->new_connections().succeeded();
  const auto served = watch_.wait("new connections", clock_.now() + kServesWithin,
                                  [&] { return tcp_->new_connections().succeeded() > before; });
  if (!served) return tl::unexpected(served.error());
  record.serves = *served;
  return {};
}

std::string MatrixRun::load_line() const {
  if (!tcp_) return {};
  const FlowCounts flows = tcp_->flows().counts();
  return fmt::format(" | strike {} | tcp {} of {} | new {} ok, {} failed", report_.strikes.size() + 1,
                     flows.established - flows.broken, scenario_.load.connections,
                     tcp_->new_connections().succeeded(), tcp_->new_connections().failed());
}

}  // namespace stillwater::rig
