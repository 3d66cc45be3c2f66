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

WorkerBarrier::WorkerBarrier(unsigned workers, const Clock& clock) : clock_(clock) {
  for (unsigned i = 0; i < workers; ++i) gates_.push_back(std::make_unique<WorkerGate>());
}

Status WorkerBarrier::quiesce(Nanos timeout) {
  if (quiesced_) return fail(Errc::failed_precondition, "the dataplane is quiesced already");
  const Instant deadline = clock_.now() + timeout;
  for (auto& gate : gates_) gate->stop.store(true);
  quiesced_ = wait_for(clock_, deadline, [&] {
    return std::all_of(gates_.begin(), gates_.end(), [](const auto& gate) { return stands_still(*gate); });
  });
  if (quiesced_) return {};
  const std::string reason = who_holds_packets();
  for (auto& gate : gates_) gate->stop.store(false);
  return fail(Errc::timed_out, reason);
}

std::string WorkerBarrier::who_holds_packets() const {
  std::string text = "not quiesced in time:";
  for (unsigned i = 0; i < workers(); ++i) {
    const WorkerGate& gate = *gates_[i];
    if (stands_still(gate)) continue;
    const std::uint32_t in_flight = gate.in_flight.load(std::memory_order_relaxed);
    const std::uint32_t held = gate.held.load(std::memory_order_relaxed);
    if (text.back() != ':') text += ',';
    text += " worker " + std::to_string(i) +
            (in_flight == held ? std::string(" did not come to its boundary")
                               : " holds " + std::to_string(in_flight - held) + " packets inside") +
            " (" + std::to_string(held) + " declared held)";
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
  const bool drained = wait_for(clock_, clock_.now() + timeout, [&] {
    return std::all_of(gates_.begin(), gates_.end(), [&](const auto& gate) {
      return gate->whereabouts.load() == Whereabouts::absent ||
             gate->discard_rounds.load(std::memory_order_acquire) == drains_;
    });
  });
  if (!drained) return fail(Errc::timed_out, "a worker did not empty its ports in time");
  return {};
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
