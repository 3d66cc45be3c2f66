#include "quiesce/worker_barrier.h"

#include <algorithm>
#include <ctime>

#include <sched.h>

namespace stillwater::quiesce {
namespace {

// Waits until `done`, first spinning, then giving the core away, and gives up at `deadline`.
template <class Done>
bool wait_for(const Clock& clock, Instant deadline, Done done) {
  for (unsigned spins = 0; !done(); ++spins) {
    if (spins % 64 != 63) {
      __builtin_ia32_pause();
      continue;
    }
    if (clock.now() >= deadline) return done();
    if (spins > 2'000) {
      const timespec t{0, 20'000};
      nanosleep(&t, nullptr);
    } else if (spins > 500) {
      sched_yield();
    }
  }
  return true;
}

bool stands_still(const WorkerGate& gate) { return gate.whereabouts.load() != Whereabouts::running; }

}  // namespace

WorkerBarrier::WorkerBarrier(unsigned workers, const Clock& clock) : clock_(clock), visits_(workers) {
  for (unsigned i = 0; i < workers; ++i) gates_.push_back(std::make_unique<WorkerGate>());
}

Status WorkerBarrier::quiesce(Nanos timeout) {
  if (quiesced_) return fail(Errc::failed_precondition, "the dataplane is quiesced already");
  const Instant deadline = clock_.now() + timeout;
  for (unsigned i = 0; i < workers(); ++i) {
    visits_[i] = gates_[i]->visits.load(std::memory_order_acquire);
    gates_[i]->stop.store(true);
  }
  told_ = clock_.now();
  quiesced_ = wait_for(clock_, deadline, [this] { return all_stand_still() && rings_are_settled(); });
  if (quiesced_) return {};
  const std::string reason = who_holds_packets();
  for (auto& gate : gates_) gate->stop.store(false);
  return fail(Errc::timed_out, reason);
}

bool WorkerBarrier::all_stand_still() const {
  return std::all_of(gates_.begin(), gates_.end(), [](const auto& gate) { return stands_still(*gate); });
}

// Termination detection by two counts, for workers that were all seen standing: one goes on only for a packet
// in a ring of its own, and puts packets on only then. `settled` of all rings is read before any `put`. Equal
// sums mean that every ring was empty, and nobody worked on a packet from one, at the first reading and
// since: settled(t1) <= put(t1) <= put(t2) = settled(t1).
bool WorkerBarrier::rings_are_settled() const {
  std::uint64_t settled = 0;
  std::uint64_t put = 0;
  for (const HandoverRing* ring : rings_) settled += ring->settled();
  for (const HandoverRing* ring : rings_) put += ring->put();
  return settled == put;
}

std::string WorkerBarrier::who_holds_packets() const {
  std::string text = "not quiesced in time:";
  const auto add = [&text](const std::string& what) { text += (text.back() == ':' ? " " : ", ") + what; };
  for (unsigned i = 0; i < workers(); ++i) {
    const WorkerGate& gate = *gates_[i];
    if (stands_still(gate)) continue;
    const std::string worker = "worker " + std::to_string(i);
    if (gate.visits.load(std::memory_order_acquire) == visits_[i]) {
      add(worker + " did not come to its boundary (it is dead, or in a turn without end)");
      continue;
    }
    const std::uint32_t held = gate.held.load(std::memory_order_relaxed);
    const std::uint32_t inside = gate.in_flight.load(std::memory_order_relaxed) - held;
    add(worker + " holds " + std::to_string(inside) + " packets inside (" + std::to_string(held) +
        " declared held)");
  }
  for (const HandoverRing* ring : rings_) {
    const std::uint64_t settled = ring->settled();
    if (const std::uint64_t left = ring->put() - settled; left != 0)
      add("ring " + ring->name() + " holds " + std::to_string(left) + " packets, or its worker does");
  }
  return text;
}

void WorkerBarrier::resume() {
  quiesced_ = false;
  resumed_ = clock_.now();
  for (auto& gate : gates_) gate->stop.store(false);
}

// A worker that was parked all the while did not wait: the call itself is the last to count.
Instant WorkerBarrier::last_resumed() const {
  Instant last = resumed_;
  for (const auto& gate : gates_)
    last = std::max(last, Instant(gate->resumed_at_ns.load(std::memory_order_relaxed)));
  return last;
}

void WorkerBarrier::set_discard(bool on) {
  for (auto& gate : gates_) gate->discard.store(on, std::memory_order_release);
}

Status WorkerBarrier::drain_ports(Nanos timeout) {
  if (!quiesced_)
    return fail(Errc::failed_precondition, "ports are drained only while the dataplane is quiesced");
  ++drains_;
  for (auto& gate : gates_) gate->discard_rounds_wanted.store(drains_, std::memory_order_release);
  if (!done_by_all(&WorkerGate::discard_rounds, drains_, timeout))
    return fail(Errc::timed_out, "a worker did not empty its ports in time");
  return {};
}

Status WorkerBarrier::release_held(Nanos timeout) {
  if (!quiesced_)
    return fail(Errc::failed_precondition, "a worker that runs lets go of held packets by itself");
  ++releases_;
  for (auto& gate : gates_) gate->release_rounds_wanted.store(releases_, std::memory_order_release);
  if (!done_by_all(&WorkerGate::release_rounds, releases_, timeout))
    return fail(Errc::timed_out, "a worker did not let go of its held packets in time");
  return {};
}

bool WorkerBarrier::done_by_all(std::atomic<std::uint64_t> WorkerGate::*rounds, std::uint64_t round,
                                Nanos timeout) const {
  return wait_for(clock_, clock_.now() + timeout, [&] {
    return std::all_of(gates_.begin(), gates_.end(), [&](const auto& gate) {
      return gate->whereabouts.load() == Whereabouts::absent ||
             ((*gate).*rounds).load(std::memory_order_acquire) == round;
    });
  });
}

std::uint64_t WorkerBarrier::discarded() const {
  std::uint64_t sum = 0;
  for (const auto& gate : gates_) sum += gate->discarded.load(std::memory_order_relaxed);
  return sum;
}

std::uint64_t WorkerBarrier::held() const {
  std::uint64_t sum = 0;
  for (const auto& gate : gates_) sum += gate->held.load(std::memory_order_relaxed);
  return sum;
}

}  // namespace stillwater::quiesce
