#include "tests/sim/machine.h"

#include <cmath>
#include <utility>

#include <xxhash.h>

#include "standby/personality.h"
#include "tests/sim/world.h"

namespace stillwater::sim {

Machine::Machine(World& world, unsigned index, std::unique_ptr<region::Region> region)
    : world_(world), index_(index), region_(std::move(region)) {}

Machine::~Machine() {
  if (alive()) kill(false);
  world_.spare_regions.push_back(std::move(region_));
}

Instant Machine::now() const {
  const auto elapsed = static_cast<double>(world_.time.now().count()) * world_.options.pace[index_];
  return world_.options.offset[index_] + Nanos(static_cast<std::int64_t>(elapsed));
}

Nanos Machine::true_time(Instant local) const {
  if (local == Instant::max()) return Nanos::max();
  const auto elapsed = static_cast<double>((local - world_.options.offset[index_]).count());
  return Nanos(static_cast<std::int64_t>(std::ceil(elapsed / world_.options.pace[index_])) + 1);
}

// What an old process left is not there any more: memory is empty.
void Machine::start() {
  if (alive()) return;
  region_->clear();
  [[maybe_unused]] const Status stored = standby::store_personality(
      region_->profile_page(),
      {.node = world_.name_of_node(index_), .management = "sim", .prefers_to_lead = index_ == 0});
  world_.protected_hash[index_] = protected_hash();
  incarnation_ = world_.random.next() | 1;
  world_.trace("node %u starts", index_);
  process_ = std::make_unique<Process>(world_, *this);
  process_->start();
}

void Machine::kill(bool kernel_lives) {
  if (!alive()) return;
  world_.trace("node %u dies", index_);
  kernel_lives_ = kernel_lives;
  if (!world_.over()) world_.network.process_died(index_, kernel_lives);
  process_->die();
  bury();
}

void Machine::bury() { process_.reset(); }

std::uint64_t Machine::hard_hash() const {
  return XXH3_64bits(region_->base() + region::kDataOffset, region_->soft_begin() - region::kDataOffset);
}

// The profile, and the root table of the header.
std::uint64_t Machine::protected_hash() const {
  return XXH3_64bits(region_->profile_page().data(), region_->profile_page().size()) ^
         XXH3_64bits(region_->header().roots, sizeof(region_->header().roots));
}

void Machine::wake(std::uint64_t incarnation) {
  if (alive() && incarnation == incarnation_) process_->wake();
}

void Machine::datagram(const wire::Heartbeat& beat) {
  if (alive()) process_->datagram(beat);
}

// The kernel tells whichever process has the port now.
void Machine::refused(const wire::Heartbeat& beat) {
  if (alive()) process_->refused(beat);
}

bool Machine::frozen() const { return world_.time.now() < frozen_until_; }

void Machine::freeze(Nanos until) { frozen_until_ = std::max(frozen_until_, until); }
void Machine::stall_control(Nanos until) { control_until_ = std::max(control_until_, until); }
void Machine::stall_beats(Nanos until) { beats_until_ = std::max(beats_until_, until); }

bool Machine::take_quiesce_failure() {
  if (quiesce_failures_ == 0) return false;
  --quiesce_failures_;
  return true;
}

// Whoever stands still wakes at the time that was planned before.
void Machine::heal() {
  quiesce_failures_ = 0;
  forge_ = false;
}

}  // namespace stillwater::sim
