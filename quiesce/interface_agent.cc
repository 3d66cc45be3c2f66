#include "quiesce/interface_agent.h"

#include <algorithm>
#include <ctime>

#include <sched.h>

#include "base/clock.h"

namespace stillwater::quiesce {
namespace {

// A stopped worker spins, for a blackout is over soon, and lets others have its core now and then. Not at
// every turn: a core that is in the kernel all the time answers late when a tracker protects pages.
constexpr unsigned kSpinsPerYield = 500;
constexpr Nanos kSpinning = 2ms;  // past this the stop is a long one: an operator's, or a standby's
constexpr std::uint64_t kStoppedSleepNs = 200'000;
constexpr std::uint16_t kDiscardBurst = 64;
constexpr unsigned kDiscardBursts =
    64;  // 4,096 packets: all that a receive ring can hold when the round begins

void sleep_ns(std::uint64_t nanoseconds) {
  const timespec t{0, static_cast<long>(nanoseconds)};
  nanosleep(&t, nullptr);
}

}  // namespace

InterfaceAgent::InterfaceAgent(WorkerGate& gate, std::vector<PortQueue> queues,
                               std::vector<HandoverRing*> inputs, WhileStopped* stopped)
    : gate_(gate), queues_(std::move(queues)), inputs_(std::move(inputs)), stopped_(stopped) {
  gate_.whereabouts.store(Whereabouts::running);
}

InterfaceAgent::~InterfaceAgent() {
  publish();
  gate_.whereabouts.store(Whereabouts::absent);
}

void InterfaceAgent::publish() {
  gate_.in_flight.store(in_flight_, std::memory_order_relaxed);
  gate_.held.store(held_, std::memory_order_relaxed);
  gate_.visits.store(gate_.visits.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

bool InterfaceAgent::has_input() const {
  return std::any_of(inputs_.begin(), inputs_.end(), [](const HandoverRing* ring) { return !ring->empty(); });
}

void InterfaceAgent::settle_inputs() {
  for (HandoverRing* ring : inputs_) ring->settle();
}

bool InterfaceAgent::stop_at_boundary() {
  publish();
  if (in_flight_ != held_) return false;
  settle_inputs();
  return wait_until_resumed();
}

bool InterfaceAgent::park(std::uint64_t nanoseconds) {
  if (in_flight_ != held_) return false;
  publish();
  settle_inputs();
  gate_.whereabouts.store(Whereabouts::parked);
  if (!has_input()) sleep_ns(nanoseconds);
  gate_.whereabouts.store(Whereabouts::running);
  return gate_.stop.load() && wait_until_resumed();
}

// The second look at `stop`, after `running` is said, closes the window in which a barrier that stops anew
// still reads `stopped`.
bool InterfaceAgent::wait_until_resumed() {
  do {
    gate_.whereabouts.store(Whereabouts::stopped);
    const bool resumed = wait_while_stopped();
    gate_.whereabouts.store(Whereabouts::running);
    if (!resumed) return false;
  } while (gate_.stop.load() && !ending());
  gate_.resumed_at_ns.store(BootClock{}.now().count(), std::memory_order_relaxed);
  return true;
}

// False: a packet came by a ring while others were still on their way to their boundaries.
bool InterfaceAgent::wait_while_stopped() {
  const BootClock clock;
  const Instant stopped_at = clock.now();
  bool is_long = false;
  for (unsigned waits = 1; gate_.stop.load() && !ending(); ++waits) {
    if (has_input()) return false;
    release_round();
    if (gate_.discard.load(std::memory_order_acquire)) {
      discard_ports();
      sleep_while_stopped();
    } else if (is_long) {
      sleep_while_stopped();
    } else if (waits % kSpinsPerYield != 0) {
      __builtin_ia32_pause();
    } else {
      sched_yield();
      is_long = clock.now() - stopped_at > kSpinning;
    }
  }
  return true;
}

void InterfaceAgent::sleep_while_stopped() {
  gate_.waits.store(gate_.waits.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  sleep_ns(kStoppedSleepNs);
}

void InterfaceAgent::release_round() {
  const std::uint64_t wanted = gate_.release_rounds_wanted.load(std::memory_order_acquire);
  if (wanted == gate_.release_rounds.load(std::memory_order_relaxed)) return;
  if (stopped_ != nullptr) stopped_->release_held();
  publish();
  gate_.release_rounds.store(wanted, std::memory_order_release);
}

// What arrived while this node did not serve is nobody's to process: a bridge that floods delivers it to the
// node that serves as well.
void InterfaceAgent::discard_ports() {
  const std::uint64_t wanted = gate_.discard_rounds_wanted.load(std::memory_order_acquire);
  rte_mbuf* packets[kDiscardBurst];
  std::uint64_t discarded = 0;
  bool empty = false;
  for (unsigned round = 0; round < kDiscardBursts && !empty; ++round) {
    empty = true;
    for (const PortQueue& q : queues_) {
      const std::uint16_t n = rte_eth_rx_burst(q.port, q.queue, packets, kDiscardBurst);
      const std::uint16_t left = stopped_ != nullptr && n != 0 ? stopped_->take(q, packets, n) : n;
      rte_pktmbuf_free_bulk(packets, left);
      discarded += left;
      empty = empty && n == 0;
    }
  }
  gate_.discarded.fetch_add(discarded, std::memory_order_relaxed);
  gate_.discard_rounds.store(wanted, std::memory_order_release);
}

}  // namespace stillwater::quiesce
