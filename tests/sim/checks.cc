#include "tests/sim/checks.h"

#include "tests/sim/world.h"

namespace stillwater::sim {

using standby::Phase;

void Checks::violated(const char* checker, const std::string& what) {
  world_.trace("VIOLATION of %s: %s", checker, what.c_str());
  if (!violation_) violation_ = {checker, what};
}

bool Checks::holds(unsigned node) const {
  const Machine& machine = *world_.machines[node];
  if (!machine.alive()) return false;
  const standby::RoleMachine& roles = machine.process()->pair().machine();
  return roles.leads() || roles.phase() == Phase::fenced || roles.holds_whole_copy();
}

bool Checks::may_transmit(unsigned node) const {
  const Machine& machine = *world_.machines[node];
  return machine.alive() && std::as_const(*machine.process()).packets().permit().holds(machine.now());
}

void Checks::after_event() {
  if (!may_transmit(0) || !may_transmit(1)) return;
  if (!world_.options.arbitrated)
    split_ = true;
  else
    violated("I3", "both nodes may transmit");
}

void Checks::whole_epoch(unsigned node) {
  const auto& held = held_[node];
  const Machine& machine = *world_.machines[node];
  if (!held)
    return violated("I2", "node " + std::to_string(node) + " leads with a copy that it never completed");
  const auto picture = pictures_.find(key(held->stint, held->epoch));
  if (picture == pictures_.end() || picture->second != machine.hard_hash())
    violated("I2",
             "the memory of node " + std::to_string(node) + " is not epoch " + std::to_string(held->epoch));
}

void Checks::received(unsigned node, bool whole_before, std::uint64_t committed_before, std::uint64_t stint) {
  const Machine& machine = *world_.machines[node];
  if (machine.protected_hash() != world_.protected_hash[node])
    violated("I5", "protected memory of node " + std::to_string(node) + " was written");
  const standby::Receiver& receiver = machine.process()->pair().receiver();
  if (machine.process()->pair().machine().leads()) return;
  if (whole_before && !receiver.in_sync()) held_[node].reset();
  if (!receiver.in_sync() || (whole_before && receiver.committed() == committed_before)) return;
  held_[node] = {stint, receiver.committed()};
  whole_epoch(node);
}

void Checks::settled(unsigned node) {
  const standby::PairNode& pair = world_.machines[node]->process()->pair();
  if (pair.machine().phase() == Phase::standby && pair.receiver().in_sync()) whole_epoch(node);
}

void Checks::leads(unsigned node) {
  Process& process = *world_.machines[node]->process();
  const standby::RoleMachine& roles = process.pair().machine();
  const Held now{++stints_, process.began_empty() ? 0 : process.pair().receiver().committed()};
  if (world_.options.arbitrated) {
    const ArbiterRecord* record = world_.witness.of_term(roles.term());
    if (record == nullptr || record->active != world_.name_of_node(node))
      violated("I6", "node " + std::to_string(node) + " leads in term " + std::to_string(roles.term()) +
                         ", which is not its own");
  } else if (process.began_empty()) {
    if (holds(1 - node)) split_ = true;
    world_.clients.everything_is_lost();
    world_.configurer.everything_is_lost();
  }
  if (!process.began_empty()) whole_epoch(node);
  if (may_transmit(node)) everything_is_there(node);
  process.begin_stint(now.stint);
  pictures_[key(now.stint, now.epoch)] = world_.machines[node]->hard_hash();
  if (roles.phase() == Phase::active) handed_over(node, now);
}

void Checks::everything_is_there(unsigned node) {
  if (split_) return;
  if (const auto missing = world_.clients.missing_in(world_.machines[node]->region()))
    violated("client", *missing);
  if (const auto missing = world_.configurer.missing_in(world_.machines[node]->process()->configuration()))
    violated("config", *missing);
}

// Any other that the arbiter would let lead has it as well, and the answer comes only then.
void Checks::configured(unsigned node, std::uint32_t number) {
  world_.trace("node %u has made change %u of the configuration", node, number);
  world_.configurer.told(number);
  if (!world_.options.arbitrated || split_) return;
  const Machine& other = *world_.machines[1 - node];
  if (!other.alive() || !world_.witness.record().in_sync.contains(world_.name_of_node(1 - node))) return;
  if (!holds(1 - node)) return;
  if (const auto missing = world_.configurer.missing_in(other.process()->configuration()))
    violated("config", *missing);
}

// It led until now, and has what it committed last; its successor may have begun already.
void Checks::handed_down(unsigned node) {
  const Process& process = *world_.machines[node]->process();
  if (!held_[node] || held_[node]->stint <= process.stint())
    held_[node] = {process.stint(), process.pair().engine().committed()};
  whole_epoch(node);
}

// The old active is the standby from the start: it has to hold the very same.
void Checks::handed_over(unsigned node, const Held& now) {
  const unsigned other = 1 - node;
  const auto term_of = [&](unsigned n) { return world_.machines[n]->process()->pair().machine().term(); };
  const Machine& its = *world_.machines[other];
  const bool follows = its.alive() && term_of(other) == term_of(node) &&
                       its.process()->pair().machine().phase() == Phase::standby;
  if (world_.options.arbitrated && world_.witness.record().term != term_of(node) && !follows)
    return;  // it reads old news
  if (world_.machines[other]->alive() && term_of(other) > term_of(node)) return;
  held_[other] = now;
  if (!holds(other)) return;
  const Phase phase = world_.machines[other]->process()->pair().machine().phase();
  if (phase == Phase::handing || phase == Phase::standby) whole_epoch(other);
}

void Checks::epoch_closed(unsigned node, std::uint64_t epoch) {
  const Machine& machine = *world_.machines[node];
  pictures_[key(machine.process()->stint(), epoch)] = machine.hard_hash();
}

void Checks::commit_record(unsigned node, std::uint64_t epoch) {
  if (!records_sent_.insert(key(world_.machines[node]->process()->stint(), epoch)).second)
    violated("number", "a second epoch ends as number " + std::to_string(epoch));
}

void Checks::transmitted(unsigned node, unsigned client, std::uint32_t number, std::uint64_t epoch) {
  const Process& process = *world_.machines[node]->process();
  const unsigned other = 1 - node;
  const auto& own = process.pair().machine().record();
  // Without an arbiter each goes by its own record, until it hears of one that counts more.
  const bool leads_by_own = own && own->active == world_.name_of_node(node);
  const auto in_sync = world_.options.arbitrated ? world_.witness.record().in_sync
                       : leads_by_own            ? own->in_sync
                                                 : std::set<std::string>{};
  const auto& held = held_[other];
  const bool safe = held && held->stint == process.stint() && held->epoch >= epoch;
  if (!safe && in_sync.contains(world_.name_of_node(other)))
    violated(
        "I1",
        "node " + std::to_string(node) + " answers for epoch " + std::to_string(epoch) + " of stint " +
            std::to_string(process.stint()) + ", the other member of the in-sync set has committed " +
            (held ? std::to_string(held->epoch) + " of stint " + std::to_string(held->stint) : "nothing"));
  if (!safe && !world_.options.arbitrated && holds(other)) split_ = true;
  everything_is_there(node);
  world_.clients.told(client, number);
}

void Checks::swapped(unsigned by, const ArbiterRecord& expected, const ArbiterRecord& next) {
  const std::string name = world_.name_of_node(by);
  switch (step_of(expected, next)) {
    case Step::empty_asked:
      if (holds(1 - by) && !world_.options.cold_start)
        violated("I6", "a new history begins although node " + std::to_string(1 - by) + " holds state");
      world_.configurer.everything_is_lost();
      return world_.clients.everything_is_lost();
    case Step::promote_asked:
      if (!expected.in_sync.contains(name))
        violated("I6", "node " + std::to_string(by) + " was promoted from outside the in-sync set");
      return;
    default:
      if (expected.active != name) violated("I6", "the record was changed by one that does not lead");
  }
}

}  // namespace stillwater::sim
