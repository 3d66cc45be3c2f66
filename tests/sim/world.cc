#include "tests/sim/world.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace stillwater::sim {
namespace {

constexpr std::uint64_t kEventsMin = 2000;
constexpr Nanos kWholeWithin = 10s;   // of calm
constexpr Nanos kOperatorAfter = 3s;  // longer than a node looks for another that leads

std::unique_ptr<region::Region> take_region(World::Regions& spare) {
  if (!spare.empty()) {
    auto region = std::move(spare.back());
    spare.pop_back();
    return region;
  }
  auto made = region::Region::create(small_layout());
  if (!made) std::abort();  // no memory: there is nothing to simulate with
  return std::move(*made);
}

}  // namespace

World::World(const Options& opts, Regions& spare)
    : options(opts),
      spare_regions(spare),
      random(opts.seed),
      network(*this),
      witness(*this),
      clients(*this),
      configurer(*this),
      checks(*this),
      faults(*this) {
  for (unsigned node = 0; node < 2; ++node)
    machines[node] = std::make_unique<Machine>(*this, node, take_region(spare));
}

World::~World() {
  over_ = true;
  for (auto& machine : machines) machine->kill(false);
}

void World::trace(const char* format, ...) const {
  if (!options.trace) return;
  std::printf("%12.3f ms  ", milliseconds(time.now()));
  va_list arguments;
  va_start(arguments, format);
  std::vprintf(format, arguments);
  va_end(arguments);
  std::putchar('\n');
}

Outcome World::run() {
  for (unsigned node = 0; node < 2; ++node) {
    time.at(random.between(Nanos(0), Nanos(20ms)), [this, node] { machines[node]->start(); });
  }
  clients.start();
  configurer.start();
  faults.begin();
  Nanos next_look = 20ms;
  while (!checks.violation() && time.advance()) {
    checks.after_event();
    if (time.now() < next_look) continue;
    next_look = time.now() + 5ms;
    if (!faults.over()) continue;
    if (calm_since_ == Nanos(0)) begin_calm();
    const bool settled = whole();
    if (settled && time.events() >= kEventsMin) break;
    const Nanos calm = time.now() - calm_since_;
    if (!settled && !options.cold_start && calm > kOperatorAfter && needs_operator()) break;
    if (settled || calm < kWholeWithin) continue;
    if (needs_operator()) break;
    checks.violated("liveness", "faults stopped, and the pair is not whole: fw-a " +
                                    machines[0]->process()->pair().machine().why() + "; fw-b " +
                                    machines[1]->process()->pair().machine().why());
  }
  return {checks.violation(), time.events(), clients.answers(), time.now(), faults.coverage()};
}

void World::begin_calm() {
  trace("calm");
  calm_since_ = time.now();
  network.heal();
  witness.heal();
  for (auto& machine : machines) {
    machine->heal();
    machine->start();
  }
}

// An active under its standby's lease, and that standby.
bool World::whole() const {
  for (unsigned node = 0; node < 2; ++node) {
    const Machine& leader = *machines[node];
    const Machine& follower = *machines[1 - node];
    if (!leader.alive() || !follower.alive()) continue;
    const standby::RoleMachine& leads = leader.process()->pair().machine();
    const standby::RoleMachine& follows = follower.process()->pair().machine();
    if (leads.phase() == standby::Phase::active && follows.phase() == standby::Phase::standby &&
        leader.process()->lease().until() > leader.now() && !follows.suspects() &&
        leader.process()->connected() && follower.process()->connected())
      return true;
  }
  return false;
}

ArbiterRecord World::newest_record() const {
  if (options.arbitrated) return witness.record();
  ArbiterRecord newest;
  for (const auto& machine : machines)
    if (const auto& record = machine->process()->pair().machine().record();
        record && record->term > newest.term)
      newest = *record;
  return newest;
}

// Every member of the in-sync set has lost its memory, and a node outside of it holds something older: only
// an operator may say that this is to be used.
bool World::needs_operator() const {
  const ArbiterRecord record = newest_record();
  bool somebody = false;
  for (unsigned node = 0; node < 2; ++node) {
    const bool member = record.in_sync.contains(name_of_node(node));
    if (member && checks.holds(node)) return false;
    somebody = somebody || checks.holds(node);
  }
  return somebody;
}

}  // namespace stillwater::sim
