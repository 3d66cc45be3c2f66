// The functions that stand in rte_eth_fp_ops in place of a driver's. They get a queue's data pointer only, so
// there is one pair per port id, and the queue is found among the port's.
#pragma once

#include <array>
#include <utility>

#include <rte_config.h>
#include <rte_mbuf_core.h>

#include "quiesce/plugin/burst_side.h"

namespace stillwater::quiesce::plugin {

inline constexpr std::uint16_t kPorts = RTE_MAX_ETHPORTS;
static_assert(BurstSide::kQueuesMax >= RTE_MAX_QUEUES_PER_PORT);

struct PortSides {
  BurstSide receive;
  BurstSide transmit;
};

// Zero pages until a port is used; there for as long as any thread may be inside a wrapper.
inline constinit std::array<PortSides, kPorts> port_sides{};

template <Counting counting>
inline std::uint16_t counted_receive(BurstSide& side, QueueAccount& account, void* queue, rte_mbuf** packets,
                                     std::uint16_t n) {
  count<counting>(account.entered, 1);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  std::uint16_t got = 0;
  if (!side.stop.load(std::memory_order_relaxed)) [[likely]] {
    got = side.driver.load(std::memory_order_relaxed)(queue, packets, n);
    if (got > 0) {
      count<counting>(account.packets, got);
      if (account.pool.load(std::memory_order_relaxed) == nullptr) [[unlikely]] {
        account.pool.store(packets[0]->pool, std::memory_order_relaxed);
      }
    }
  }
  count<counting>(account.left, 1);
  return got;
}

// Never stopped: what is inside the program drains to the output.
template <Counting counting>
inline std::uint16_t counted_transmit(BurstSide& side, QueueAccount& account, void* queue, rte_mbuf** packets,
                                      std::uint16_t n) {
  count<counting>(account.entered, 1);
  const std::uint16_t sent = side.driver.load(std::memory_order_relaxed)(queue, packets, n);
  if (sent > 0) count<counting>(account.packets, sent);
  count<counting>(account.left, 1);
  return sent;
}

template <std::uint16_t port, Counting counting>
std::uint16_t receive(void* queue, rte_mbuf** packets, std::uint16_t n) {
  BurstSide& side = port_sides[port].receive;
  const std::uint16_t q = side.find(queue);
  if (q < BurstSide::kQueuesMax) [[likely]] {
    return counted_receive<counting>(side, side.accounts[q], queue, packets, n);
  }
  return counted_receive<Counting::shared>(side, side.unknown, queue, packets, n);
}

template <std::uint16_t port, Counting counting>
std::uint16_t transmit(void* queue, rte_mbuf** packets, std::uint16_t n) {
  BurstSide& side = port_sides[port].transmit;
  const std::uint16_t q = side.find(queue);
  if (q < BurstSide::kQueuesMax) [[likely]] {
    return counted_transmit<counting>(side, side.accounts[q], queue, packets, n);
  }
  return counted_transmit<Counting::shared>(side, side.unknown, queue, packets, n);
}

struct Wrappers {
  Burst receive;
  Burst transmit;
};

template <Counting counting, std::uint16_t... ports>
constexpr std::array<Wrappers, kPorts> make_wrappers(std::integer_sequence<std::uint16_t, ports...>) {
  return {Wrappers{&receive<ports, counting>, &transmit<ports, counting>}...};
}

template <Counting counting>
inline constexpr std::array<Wrappers, kPorts> wrappers =
    make_wrappers<counting>(std::make_integer_sequence<std::uint16_t, kPorts>());

}  // namespace stillwater::quiesce::plugin
