#include "tests/sim/faults.h"

#include <utility>

#include "tests/sim/world.h"

namespace stillwater::sim {
namespace {

constexpr Nanos kPatience = 250ms;  // for a step that does not come
constexpr unsigned kTries = 3;

// Steps that are over in a moment, or need a lot to come about, are aimed at more often.
unsigned weight_of(Step step) {
  switch (step) {
    case Step::starting:
    case Step::standby_idle:
      return 2;
    case Step::empty_asked:
    case Step::begin_empty:
    case Step::syncing:
    case Step::suspecting:
    case Step::promote_asked:
    case Step::waiting_grants:
    case Step::takeover:
    case Step::first_sync:
    case Step::joining:
    case Step::add_asked:
    case Step::remove_asked:
    case Step::handing:
    case Step::hand_over_asked:
      return 6;
    default:
      return 5;
  }
}

Step any_step(Random& random) {
  unsigned all = 0;
  for (std::size_t s = 0; s < kSteps; ++s) all += weight_of(static_cast<Step>(s));
  auto at = static_cast<unsigned>(random.below(all));
  std::size_t s = 0;
  for (; at >= weight_of(static_cast<Step>(s)); ++s) at -= weight_of(static_cast<Step>(s));
  return static_cast<Step>(s);
}

}  // namespace

Nanos Faults::until(Nanos longest) {
  return world_.time.now() + world_.random.between(longest / 100, longest);
}

void Faults::begin() {
  left_ = world_.options.faults;
  world_.time.after(world_.random.between(Nanos(1ms), Nanos(200ms)), [this] { take_aim(); });
}

void Faults::take_aim() {
  if (left_ == 0) {
    over_ = true;
    return;
  }
  --left_;
  Random& random = world_.random;
  const Step step = any_step(random);
  aim_ = {static_cast<Fault>(random.below(kFaults)), step,
          static_cast<unsigned>(random.below(weight_of(step) > 5 ? 2 : 6))};
  world_.trace("aim: %s at %s", name_of(aim_->fault), name_of(aim_->step));
  lie_in_wait(++aims_, kTries);
}

// If the step does not come whatever is done for it, the fault strikes where it finds the nodes.
void Faults::lie_in_wait(std::uint64_t aim, unsigned tries) {
  provoke(aim_->step);
  world_.time.after(kPatience, [this, aim, tries] {
    if (aim != aims_ || !aim_) return;
    if (tries > 1) return lie_in_wait(aim, tries - 1);
    const auto node = static_cast<unsigned>(world_.random.below(2));
    const Machine& machine = *world_.machines[node];
    if (!machine.alive()) return lie_in_wait(aim, 1);
    hit(node, machine.process()->step());
  });
}

void Faults::hit(unsigned node, Step step) {
  const Fault fault = aim_->fault;
  aim_.reset();
  ++aims_;
  ++coverage_.hits[static_cast<std::size_t>(fault)][static_cast<std::size_t>(step)];
  world_.trace("fault: %s of node %u at %s", name_of(fault), node, name_of(step));
  world_.time.after(world_.random.between(Nanos(100us), Nanos(120ms)), [this] { take_aim(); });
  strike(fault, node);
}

int Faults::leader() const {
  for (int node = 0; node < 2; ++node) {
    const Machine& machine = *world_.machines[static_cast<unsigned>(node)];
    if (machine.alive() && machine.process()->pair().machine().leads()) return node;
  }
  return -1;
}

// Steps that only come after something else went wrong, or was asked for.
void Faults::provoke(Step step) {
  Random& random = world_.random;
  const int active = leader();
  const unsigned lead = active < 0 ? static_cast<unsigned>(random.below(2)) : static_cast<unsigned>(active);
  switch (step) {
    case Step::suspecting:
    case Step::promote_asked:
    case Step::waiting_grants:
    case Step::takeover:
      return random.one_in(2) ? crash(lead, random.one_in(2)) : world_.machines[lead]->freeze(until(300ms));
    case Step::syncing:
    case Step::filled:
    case Step::standalone:
    case Step::first_sync:
    case Step::joining:
    case Step::add_asked:
    case Step::remove_asked:
      return crash(1 - lead, random.one_in(2));
    case Step::starting:
    case Step::empty_asked:
    case Step::begin_empty:
      crash(0, true);
      return crash(1, true);
    case Step::fenced:
      world_.network.cut(0, world_.time.now() + 200ms);
      return world_.network.cut(1, world_.time.now() + 200ms);
    case Step::handing:
    case Step::hand_over_asked:
      if (world_.machines[lead]->alive()) world_.machines[lead]->process()->want_hand_over();
      return;
    default:
      return;
  }
}

bool Faults::strikes(unsigned node, Step step) {
  if (!aim_ || aim_->step != step || over_) return false;
  if (aim_->pass_by > 0) {
    --aim_->pass_by;
    return false;
  }
  hit(node, step);
  return true;
}

// A dead node comes back, with empty memory.
void Faults::crash(unsigned node, bool kernel_lives) {
  Machine& machine = *world_.machines[node];
  world_.time.after(world_.random.between(Nanos(1ms), Nanos(300ms)), [&machine] { machine.start(); });
  machine.kill(kernel_lives);
}

void Faults::strike(Fault fault, unsigned node) {
  Machine& machine = *world_.machines[node];
  switch (fault) {
    case Fault::crash:
      return crash(node, true);
    case Fault::power:
      world_.time.after(Nanos(1ns), [this, node] { crash(1 - node, false); });
      return crash(node, false);
    case Fault::freeze:
      return machine.freeze(until(300ms));
    case Fault::stall_control:
      return machine.stall_control(until(200ms));
    case Fault::stall_heartbeat:
      return machine.stall_beats(until(200ms));
    case Fault::arbiter_down:
      return world_.witness.go_down(until(500ms));
    case Fault::arbiter_cut_off:
      return world_.witness.cut_off(node, until(500ms));
    case Fault::arbiter_slow:
      return world_.witness.slow_down(until(500ms));
    case Fault::lost_request:
      return world_.witness.lose_request(node);
    case Fault::lost_answer:
      return world_.witness.lose_answer(node);
    case Fault::late_request:
      return world_.witness.delay_request(node);
    case Fault::hostile_group:
      return machine.forge_next_group();
    case Fault::no_quiesce:
      return machine.fail_quiesces(1 + static_cast<unsigned>(world_.random.below(3)));
    default:
      return strike_network(fault, node);
  }
}

void Faults::strike_network(Fault fault, unsigned node) {
  Network& network = world_.network;
  switch (fault) {
    case Fault::break_connection:
      return network.break_connections();
    case Fault::partition: {
      const Nanos end = until(500ms);
      network.cut(0, end);
      return network.cut(1, end);
    }
    case Fault::one_way:
      return network.cut(world_.random.one_in(2) ? node : 1 - node, until(500ms));
    case Fault::refuse_dials:
      return network.refuse_dials(until(500ms));
    case Fault::lose_beats:
      return network.lose_beats(world_.random.one_in(2) ? node : 1 - node, until(200ms));
    case Fault::late_beats:
      return network.delay_beats(until(300ms));
    default:
      return network.slow_down(until(300ms));
  }
}

}  // namespace stillwater::sim
