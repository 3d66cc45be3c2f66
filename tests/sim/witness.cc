#include "tests/sim/witness.h"

#include <utility>

#include "tests/sim/world.h"

namespace stillwater::sim {

Step step_of(const ArbiterRecord& expected, const ArbiterRecord& next) {
  if (next.region_id != expected.region_id) return Step::empty_asked;
  if (next.active != expected.active)
    return next.in_sync.size() == 2 ? Step::hand_over_asked : Step::promote_asked;
  return next.in_sync.size() == 2 ? Step::add_asked : Step::remove_asked;
}

bool Witness::reachable(unsigned node) const {
  const Nanos now = world_.time.now();
  return now >= down_until_ && now >= cut_off_until_[node];
}

Nanos Witness::delay() {
  const bool slow = world_.time.now() < slow_until_;
  return world_.random.between(Nanos(100us), slow ? Nanos(60ms) : Nanos(2ms));
}

const ArbiterRecord* Witness::of_term(std::uint64_t term) const {
  const auto at = history_.find(term);
  return at == history_.end() ? nullptr : &at->second;
}

void Witness::ask(const Request& request) {
  if (request.swap && std::exchange(lose_request_[request.from], false)) return;
  Nanos on_the_way = delay();
  if (request.swap && std::exchange(delay_request_[request.from], false))
    on_the_way += world_.random.between(Nanos(30ms), Nanos(400ms));
  if (!reachable(request.from)) return;
  world_.time.after(on_the_way, [this, request] { carry_out(request); });
}

void Witness::carry_out(const Request& request) {
  if (world_.time.now() < down_until_) return;
  ArbiterAnswer answer{.kind = ArbiterAnswer::Kind::record, .newest = {}};
  if (request.swap) {
    const bool same = record_ == request.expected && request.next.term == request.expected.term + 1;
    answer.kind = same ? ArbiterAnswer::Kind::swapped : ArbiterAnswer::Kind::refused;
    if (same) {
      world_.trace("witness: term %llu, %s of node %u", static_cast<unsigned long long>(request.next.term),
                   name_of(step_of(request.expected, request.next)), request.from);
      record_ = history_[request.next.term] = request.next;
      world_.checks.swapped(request.from, request.expected, request.next);
    }
  }
  answer.newest = record_;
  if (request.swap && std::exchange(lose_answer_[request.from], false)) return;
  if (!reachable(request.from)) return;
  world_.time.after(delay(), [this, request, answer] {
    Machine& machine = *world_.machines[request.from];
    if (machine.alive() && machine.incarnation() == request.incarnation && reachable(request.from))
      machine.process()->arbiter_answers(request.number, answer);
  });
}

void Witness::heal() {
  down_until_ = slow_until_ = Nanos(0);
  cut_off_until_ = {};
  lose_request_ = lose_answer_ = delay_request_ = {};
}

void WitnessClient::swap(const ArbiterRecord& expected, const ArbiterRecord& next) {
  asked_ = step_of(expected, next);
  ask(true, expected, next);
}

void WitnessClient::ask(bool swap, const ArbiterRecord& expected, const ArbiterRecord& next) {
  const std::uint64_t number = ++number_;
  waiting_ = true;
  world_.witness.ask({node_, incarnation_, number, swap, expected, next});
  world_.time.after(kPatience, [&world = world_, node = node_, incarnation = incarnation_, number] {
    Machine& machine = *world.machines[node];
    if (machine.alive() && machine.incarnation() == incarnation)
      machine.process()->arbiter_answers(number,
                                         {.kind = ArbiterAnswer::Kind::unanswered, .why = "time-out"});
  });
}

void WitnessClient::answer(std::uint64_t number, const ArbiterAnswer& answer) {
  if (!waiting_ || number != number_) return;  // the answer to a request that was given up
  waiting_ = false;
  answer_ = answer;
}

std::optional<ArbiterAnswer> WitnessClient::take_answer() {
  if (answer_) asked_.reset();
  return std::exchange(answer_, std::nullopt);
}

}  // namespace stillwater::sim
