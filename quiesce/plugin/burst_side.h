// One direction of one port as the wrapped burst functions see it: which queue is which, and its account.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

struct rte_mbuf;

namespace stillwater::quiesce::plugin {

using Burst = std::uint16_t (*)(void* queue, rte_mbuf** packets, std::uint16_t n);

// Whether a queue's account has one writer at a time, or several threads may call on it at once.
// `shared` also orders a caller's announcement before its look at `stop`, where membarrier cannot.
enum class Counting : bool { alone, shared };

// Memory orders: `entered` and `stop` form a store-then-load handshake with the control side, which issues a
// membarrier between its store of `stop` and its look at `entered`: that stands for the full fence on both
// sides. `left` is released after `packets`, so whoever acquired `left` sees the packets of those calls.
struct alignas(64) QueueAccount {
  std::atomic<std::uint64_t> entered{0};  // writer: the polling thread; calls begun
  std::atomic<std::uint64_t> left{0};     // writer: the polling thread; calls ended
  std::atomic<std::uint64_t> packets{0};  // writer: the polling thread; received or transmitted
  std::atomic<void*> pool{nullptr};       // writer: the polling thread; mempool of the first packet received
};

template <Counting counting>
inline void count(std::atomic<std::uint64_t>& counter, std::uint64_t n) {
  if constexpr (counting == Counting::shared) {
    counter.fetch_add(n);
  } else {
    counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_release);
  }
}

struct BurstSide {
  static constexpr std::uint16_t kQueuesMax = 1024;  // RTE_MAX_QUEUES_PER_PORT, checked where DPDK is known

  // Read-mostly; writer of all: the control side.
  alignas(64) std::atomic<bool> stop{false};
  std::atomic<Burst> driver{nullptr};
  std::atomic<std::uint16_t> queues{0};
  std::array<std::atomic<void*>, kQueuesMax> data{};

  std::array<QueueAccount, kQueuesMax> accounts{};
  // Calls with a queue pointer that is not in `data`: the port was reconfigured a moment ago, or its driver
  // gives several queues one pointer. Always counted as shared.
  QueueAccount unknown{};

  // kQueuesMax where it is unknown.
  [[nodiscard]] std::uint16_t find(const void* queue) const {
    const std::uint16_t known = queues.load(std::memory_order_relaxed);
    for (std::uint16_t q = 0; q < known; ++q) {
      if (data[q].load(std::memory_order_relaxed) == queue) return q;
    }
    return kQueuesMax;
  }
};

}  // namespace stillwater::quiesce::plugin
