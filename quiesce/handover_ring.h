// A ring by which one worker hands packets to another: to a flow's owner, or to the next stage of a pipeline.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include <rte_mbuf.h>
#include <rte_ring.h>

#include "base/result.h"

namespace stillwater::quiesce {

// One producer, one consumer, no lock. A packet in it is inside the dataplane: the barrier counts what was
// put in against what came out and was worked on. Workers use it through their InterfaceAgent alone.
class HandoverRing {
 public:
  // `name` is how messages call it. `packets_max` is rounded up to a power of two, less one. Error:
  // resource_exhausted.
  [[nodiscard]] static Result<std::unique_ptr<HandoverRing>> create(const std::string& name,
                                                                    std::uint32_t packets_max);
  // Both workers have ended; what is left is freed.
  ~HandoverRing();
  HandoverRing(const HandoverRing&) = delete;
  HandoverRing& operator=(const HandoverRing&) = delete;

  // Producer's thread. How many fitted; the caller keeps the others.
  [[nodiscard]] std::uint16_t put(rte_mbuf** packets, std::uint16_t n);

  // Consumer's thread.
  [[nodiscard]] std::uint16_t take(rte_mbuf** packets, std::uint16_t n);
  [[nodiscard]] bool empty() const { return rte_ring_empty(ring_) != 0; }
  // All that was taken so far has been worked on: transmitted, freed, declared held or handed on.
  void settle() { settled_.store(taken_, std::memory_order_release); }

  // While neither worker runs: frees what is left in it.
  void clear();

  // Any thread. Read `settled` first: while both are equal then, the ring was empty and nothing that came out
  // of it is in anybody's hand.
  [[nodiscard]] std::uint64_t settled() const { return settled_.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint64_t put() const { return put_.load(std::memory_order_acquire); }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  HandoverRing(std::string name, rte_ring* ring) : name_(std::move(name)), ring_(ring) {}

  std::string name_;
  rte_ring* ring_;
  alignas(64) std::atomic<std::uint64_t> put_{0};      // writer: the producer, before it enqueues
  alignas(64) std::atomic<std::uint64_t> settled_{0};  // writer: the consumer, at its packet boundary
  std::uint64_t taken_ = 0;                            // consumer
};

}  // namespace stillwater::quiesce
