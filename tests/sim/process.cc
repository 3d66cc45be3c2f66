#include "tests/sim/process.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "tests/sim/world.h"

namespace stillwater::sim {
namespace {

constexpr std::size_t kStagingBytes = 24u << 10;
constexpr std::size_t kReservedBytes = 128u << 10;
constexpr int kMarginShare = 10;

template <class T>
T must(Result<T> made) {
  if (!made) std::abort();  // no memory: there is nothing to simulate with
  return std::move(*made);
}

standby::RoleOptions roles_of(World& world, unsigned index) {
  standby::RoleOptions roles;
  roles.node = world.name_of_node(index);
  roles.prefers_to_lead = index == 0;
  roles.arbitrated = world.options.arbitrated;
  roles.cold_start = world.options.cold_start;
  roles.failure_timeout = world.options.failure_timeout;
  roles.heartbeat_interval = world.options.heartbeat;
  roles.new_region_id = [&world] {
    region::RegionId id{};
    for (auto& byte : id) byte = static_cast<std::uint8_t>(1 + world.random.below(255));
    return id;
  };
  return roles;
}

wire::Hello identity_of(const World& world, const Machine& machine) {
  const region::RegionHeader& header = machine.region().header();
  wire::Hello hello{};
  hello.node = wire::padded<64>(world.name_of_node(machine.index()));
  hello.layout_digest = header.layout_digest;
  hello.region_bytes = header.size_bytes;
  hello.region_format = header.format_version;
  hello.prefers_to_lead = machine.index() == 0 ? 1 : 0;
  hello.arbitrated = world.options.arbitrated ? 1 : 0;
  hello.incarnation = machine.incarnation();
  return hello;
}

engine::Policy policy_of(const Options& options) {
  engine::Policy policy;
  policy.interval = 4ms;
  policy.quiesce_timeout = 3ms;
  policy.soft_interval = 40ms;
  policy.brownout_bytes = options.brownout_bytes;
  return policy;
}

}  // namespace

Instant Process::ControlClock::now() const {
  if (process_.on_control_thread() && process_.pair_) process_.at(process_.step());
  return process_.machine_.now();
}

Process::Process(World& world, Machine& machine)
    : world_(world),
      machine_(machine),
      clock_(*this),
      packets_(world, *this, machine.region()),
      lease_(packets_.permit(), world.options.lease, world.options.lease / kMarginShare),
      tracker_(machine.region(), {&packets_.marks()}),
      reserved_(must(standby::ReservedBuffer::create(kReservedBytes))),
      builder_(world, machine),
      control_([this] { run(); }) {
  if (world.options.arbitrated)
    witness_ = std::make_unique<WitnessClient>(world, machine.index(), machine.incarnation());
  pair_ = std::make_unique<standby::PairNode>(
      standby::PairNode::Parts{.roles = roles_of(world, machine.index()),
                               .identity = identity_of(world, machine),
                               .region = machine.region(),
                               .tracker = tracker_,
                               .epochs = packets_.epochs(),
                               .clock = clock_,
                               .forwarding = packets_,
                               .lease = lease_,
                               .arbiter = witness_.get(),
                               .staging = must(engine::Staging::create(kStagingBytes)),
                               .reserved = reserved_,
                               .policy = policy_of(world.options),
                               .events = *this,
                               .config = &builder_});
}

Process::~Process() = default;

unsigned Process::index() const { return machine_.index(); }
std::uint64_t Process::incarnation() const { return machine_.incarnation(); }
bool Process::began_empty() const { return machine_.region().header().epoch == 0; }

void Process::start() {
  content_.state = wire::NodeState::starting;
  beat_thread();
  world_.time.after(Nanos(0), [&world = world_, node = index(), incarnation = incarnation(), wait = wait_] {
    Machine& machine = *world.machines[node];
    if (machine.alive() && machine.incarnation() == incarnation) machine.process()->resume_control(wait);
  });
}

void Process::die() {
  dying_ = true;
  if (on_control_thread()) throw Died{};
  if (control_.started() && !control_.done()) control_.resume();
}

void Process::run() {
  try {
    while (pair_->failure().empty()) {
      wait_until(machine_.true_time(pair_->wake_at()), true);
      turn();
    }
  } catch (const Died&) {
  }
}

// The daemon's order.
void Process::turn() {
  while (!beats_waiting_.empty()) {
    const ReceivedBeat received = beats_waiting_.front();
    beats_waiting_.pop_front();
    note_peer(received);
    if (received.beat.state == wire::NodeState::leading) peer_led_at_ = received.at;
    pair_->beat(received.beat, received.at);
  }
  if (const auto sent = std::exchange(refusal_, std::nullopt); sent && peer_beat_at_ != Instant{})
    pair_->beat_refused(*sent);
  meet_if_any();
  read_connection();
  if (std::exchange(hand_over_wanted_, false))
    if (Status begun = pair_->hand_over(); begun) world_.trace("node %u is to hand over", index());
  pair_->turn();
  change_configuration();
  dial_if_alone();
  packets_.poll();
  if (const auto phase = pair_->machine().phase(); phase != traced_) {
    traced_ = phase;
    world_.trace("node %u: %s, term %llu: %s", index(), name_of(step()),
                 static_cast<unsigned long long>(pair_->machine().term()), pair_->machine().why().c_str());
  }
}

void Process::change_configuration() {
  if (const auto answer = pair_->take_config_answer()) {
    const std::uint32_t number = std::exchange(change_asked_, 0);
    if (*answer) world_.checks.configured(index(), number);
  }
  const std::uint32_t wanted = std::exchange(change_wanted_, 0);
  if (wanted == 0 || change_asked_ != 0 || !pair_->machine().leads()) return;
  change_asked_ = wanted;
  pair_->change_config(Builder::document_of(wanted));
}

// A stamp that is much older is of a host that has started anew.
void Process::note_peer(const ReceivedBeat& received) {
  constexpr Nanos kClockBeganAnew = 1s;
  const Instant stamp(received.beat.stamp_ns);
  if (stamp <= peer_stamp_ && peer_stamp_ - stamp < kClockBeganAnew) return;
  peer_stamp_ = stamp;
  peer_beat_at_ = received.at;
  peer_process_ = received.beat.incarnation;
}

void Process::wait_until(Nanos when, bool may_be_woken) {
  if (dying_) throw Died{};
  may_be_woken_ = may_be_woken;
  const std::uint64_t wait = ++wait_;
  Nanos at = std::max(when, world_.time.now());
  if (may_be_woken && std::exchange(woken_, false)) at = world_.time.now();
  world_.time.at(at + 2us, [&world = world_, node = index(), incarnation = incarnation(), wait] {
    Machine& machine = *world.machines[node];
    if (machine.alive() && machine.incarnation() == incarnation) machine.process()->resume_control(wait);
  });
  control_.yield();
  may_be_woken_ = false;
  if (dying_) throw Died{};
}

void Process::resume_control(std::uint64_t wait) {
  if (wait != wait_) return;
  if (const Nanos until = machine_.control_stalls_until(); until > world_.time.now()) {
    world_.time.at(until, [&world = world_, node = index(), incarnation = incarnation(), wait] {
      Machine& machine = *world.machines[node];
      if (machine.alive() && machine.incarnation() == incarnation) machine.process()->resume_control(wait);
    });
    return;
  }
  Machine& machine = machine_;
  control_.resume();
  if (!control_.done()) return;
  world_.trace("node %u: process ends: %s", index(), pair_->failure().c_str());
  World& world = world_;
  world.network.process_died(index(), true);
  machine.bury();
  world.time.after(50ms, [&machine] { machine.start(); });
}

void Process::wake() {
  if (woken_) return;
  woken_ = true;
  if (!may_be_woken_) return;
  woken_ = false;
  may_be_woken_ = false;
  world_.time.after(3us, [&world = world_, node = index(), incarnation = incarnation(), wait = wait_] {
    Machine& machine = *world.machines[node];
    if (machine.alive() && machine.incarnation() == incarnation) machine.process()->resume_control(wait);
  });
}

void Process::pause(Nanos time) {
  if (on_control_thread()) wait_until(world_.time.now() + time, false);
}

// Most looks at the clock take no time; some are where the scheduler takes the processor away.
void Process::at(Step step) {
  if (!on_control_thread()) return;
  if (dying_) throw Died{};
  if (world_.faults.strikes(index(), step)) return wait_until(world_.time.now(), false);
  if (world_.random.one_in(128)) pause(world_.random.between(Nanos(1us), Nanos(300us)));
}

Step Process::step() const {
  using standby::Phase;
  const standby::RoleMachine& m = pair_->machine();
  if (witness_ && witness_->asked()) return *witness_->asked();
  switch (m.phase()) {
    case Phase::starting:
      return Step::starting;
    case Phase::syncing:
      return m.holds_whole_copy() ? Step::filled : Step::syncing;
    case Phase::fenced:
      return Step::fenced;
    case Phase::standby:
      if (m.record() && m.record()->active == world_.name_of_node(index())) return Step::waiting_grants;
      if (m.suspects()) return Step::suspecting;
      return link_ && link_->ends[index()].last_arrived == wire::Type::group ? Step::standby_partial
                                                                             : Step::standby_idle;
    default:
      break;
  }
  if (packets_.discarding()) return began_empty() ? Step::begin_empty : Step::takeover;
  if (m.phase() == Phase::handing) return Step::handing;
  if (packets_.quiesced()) return Step::blackout;
  if (m.phase() == Phase::joining) return Step::joining;
  if (m.phase() == Phase::standalone) return Step::standalone;
  return pair_->engine().awaiting_ack() ? Step::awaiting_ack : Step::active_idle;
}

void Process::arbiter_answers(std::uint64_t number, const ArbiterAnswer& answer) {
  witness_->answer(number, answer);
  wake();
}

void Process::said(Severity, const std::string& text) {
  world_.trace("node %u says: %s", index(), text.c_str());
}

}  // namespace stillwater::sim
