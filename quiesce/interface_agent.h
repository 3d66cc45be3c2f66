// The interface agent (mission Q2-Q6): the burst functions a packet function calls instead of DPDK's own.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "quiesce/handover_ring.h"
#include "quiesce/worker_gate.h"

namespace stillwater::quiesce {

struct PortQueue {
  std::uint16_t port;
  std::uint16_t queue;
};

// What a packet function does while it stands still, on its worker's thread. It writes no state.
class WhileStopped {
 public:
  virtual ~WhileStopped() = default;
  // Held packets that may leave are transmitted or freed: none is in hand but held ones afterwards.
  virtual void release_held() = 0;
  // What discard mode found at a queue. Takes over as many as it likes, which are not the agent's any more;
  // how many are left, at the front of `packets`.
  [[nodiscard]] virtual std::uint16_t take(const PortQueue& queue, rte_mbuf** packets, std::uint16_t n) = 0;
};

// One per worker, used by that worker's thread alone. Counts every packet that goes in and out:
//   in flight = received + adopted + taken from rings - transmitted - freed - joined - put into rings,
// and a worker stands at a packet boundary when in flight equals what it declared held. Packets in rings are
// counted there.
class InterfaceAgent {
 public:
  // `gate` and `inputs` outlive the agent. `queues` are the receive queues this worker polls: they are
  // emptied while the worker is stopped in discard mode. `inputs` are the rings it takes packets from.
  // `stopped` may be null.
  InterfaceAgent(WorkerGate& gate, std::vector<PortQueue> queues, std::vector<HandoverRing*> inputs = {},
                 WhileStopped* stopped = nullptr);
  ~InterfaceAgent();
  InterfaceAgent(const InterfaceAgent&) = delete;
  InterfaceAgent& operator=(const InterfaceAgent&) = delete;

  // As rte_eth_rx_burst; returns 0 while a quiesce is asked for, whatever is arriving (Q3).
  [[nodiscard]] std::uint16_t rx_burst(std::uint16_t port, std::uint16_t queue, rte_mbuf** packets,
                                       std::uint16_t n) {
    if (__builtin_expect(gate_.stop.load(std::memory_order_relaxed), 0)) return 0;
    const std::uint16_t got = rte_eth_rx_burst(port, queue, packets, n);
    in_flight_ += got;
    return got;
  }

  // While this is so nothing is received, although it may wait there.
  [[nodiscard]] bool asked_to_stop() const { return gate_.stop.load(std::memory_order_relaxed); }

  // The same from a ring whose packets wait outside, as in a port's: the barrier does not count them.
  [[nodiscard]] std::uint16_t rx_ring(rte_ring* ring, rte_mbuf** packets, std::uint16_t n) {
    if (gate_.stop.load(std::memory_order_relaxed)) return 0;
    const auto got = static_cast<std::uint16_t>(
        rte_ring_sc_dequeue_burst(ring, reinterpret_cast<void**>(packets), n, nullptr));
    in_flight_ += got;
    return got;
  }

  // As rte_eth_tx_burst: the caller keeps what was not sent.
  std::uint16_t tx_burst(std::uint16_t port, std::uint16_t queue, rte_mbuf** packets, std::uint16_t n) {
    const std::uint16_t sent = rte_eth_tx_burst(port, queue, packets, n);
    in_flight_ -= sent;
    return sent;
  }

  void free(rte_mbuf** packets, std::uint16_t n) {
    rte_pktmbuf_free_bulk(packets, n);
    in_flight_ -= n;
  }

  // To another worker. The caller keeps what did not fit.
  [[nodiscard]] std::uint16_t put(HandoverRing& ring, rte_mbuf** packets, std::uint16_t n) {
    const std::uint16_t fitted = ring.put(packets, n);
    in_flight_ -= fitted;
    return fitted;
  }
  // From one of `inputs`; goes on while a quiesce is asked for, since what is inside drains to the output.
  [[nodiscard]] std::uint16_t take(HandoverRing& ring, rte_mbuf** packets, std::uint16_t n) {
    const std::uint16_t got = ring.take(packets, n);
    in_flight_ += got;
    return got;
  }

  // The function made `n` packets itself (clones too), and will transmit or free them.
  void adopt(std::uint32_t n) { in_flight_ += n; }
  // `n` packets became parts of another one: segments of its chain.
  void join(std::uint32_t n) { in_flight_ -= n; }

  // `n` packets wait on purpose (ARP, output commit) and do not keep the worker from stopping; `unhold`
  // before they are transmitted or freed.
  void hold(std::uint32_t n) { held_ += n; }
  void unhold(std::uint32_t n) { held_ -= n; }
  [[nodiscard]] std::uint32_t held() const { return held_; }
  [[nodiscard]] std::uint32_t in_flight() const { return in_flight_; }

  // Call once a turn, at the end of it. Where a quiesce is asked for and only held packets are left, stays
  // in here until resumed (or the loop is asked to end) and then returns true: the region may have changed.
  // False: go on; if stopped, because packets are left in hand or came by a ring.
  bool at_boundary() {
    if (__builtin_expect(!gate_.stop.load(std::memory_order_relaxed), 1)) return false;
    return stop_at_boundary();
  }

  // Sleeps for `nanoseconds` at a packet boundary, during which the worker counts as quiesced if asked.
  // Returns true as at_boundary does.
  bool park(std::uint64_t nanoseconds);

  // Asks at_boundary and park to return although stopped. Any thread.
  void end() { ending_.store(true, std::memory_order_release); }
  [[nodiscard]] bool ending() const { return ending_.load(std::memory_order_acquire); }

 private:
  [[nodiscard]] bool stop_at_boundary();
  [[nodiscard]] bool wait_until_resumed();
  [[nodiscard]] bool wait_while_stopped();
  [[nodiscard]] bool has_input() const;
  void settle_inputs();
  void sleep_while_stopped();
  void discard_ports();
  void release_round();
  void publish();

  WorkerGate& gate_;
  std::vector<PortQueue> queues_;
  std::vector<HandoverRing*> inputs_;
  WhileStopped* stopped_;
  std::uint32_t in_flight_ = 0;
  std::uint32_t held_ = 0;
  std::atomic<bool> ending_{false};
};

}  // namespace stillwater::quiesce
