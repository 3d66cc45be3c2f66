// The heartbeat thread of a simulated daemon: grants and is granted at once, whatever the control thread
// does.
#include <algorithm>
#include <utility>

#include "tests/sim/world.h"

namespace stillwater::sim {

// It runs on after a stall without making up for what it missed.
void Process::beat_thread() {
  const Nanos now = world_.time.now();
  Nanos next = machine_.beats_stall_until();
  if (next <= now) {
    receive_beats();
    send_beat();
    next = machine_.true_time(machine_.now() + world_.options.heartbeat);
  }
  world_.time.at(next, [&world = world_, node = index(), incarnation = incarnation()] {
    Machine& machine = *world.machines[node];
    if (machine.alive() && machine.incarnation() == incarnation) machine.process()->beat_thread();
  });
}

void Process::send_beat() {
  wire::Heartbeat beat = content_;
  beat.echo_stamp_ns = newest_stamp_.count();
  const standby::Grant grant = lease_.grant();
  beat.grant_stamp_ns = grant.stamp.count();
  beat.grant_term = grant.term;
  beat.region_now_ns = machine_.region().region_now().count();
  beat.stamp_ns = machine_.now().count();
  world_.network.send_beat(index(), beat);
}

void Process::datagram(const wire::Heartbeat& beat) {
  constexpr std::size_t kSocketMax = 256;
  if (udp_.size() < kSocketMax) udp_.push_back(beat);
  if (machine_.beats_stall_until() <= world_.time.now()) receive_beats();
}

void Process::refused(const wire::Heartbeat& beat) {
  refusal_ = std::max(refusal_.value_or(Instant{}), Instant(beat.stamp_ns));
}

void Process::receive_beats() {
  constexpr std::size_t kWaitingMax = 1024;
  for (; !udp_.empty(); udp_.pop_front()) {
    const wire::Heartbeat& beat = udp_.front();
    const Instant now = machine_.now();
    standby::exchange_grants(lease_, beat, now);
    newest_stamp_ = Instant(beat.stamp_ns);
    if (beats_waiting_.size() == kWaitingMax) beats_waiting_.pop_front();
    beats_waiting_.push_back({beat, now});
  }
}

}  // namespace stillwater::sim
