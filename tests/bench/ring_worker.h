// A packet function on the interface agent that receives a paced load from a ring port and sends it back.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include <rte_ring.h>

#include "base/clock.h"
#include "dataplane/config.h"
#include "quiesce/worker_barrier.h"
#include "tests/bench/loss_account.h"

namespace stillwater::bench {

struct RingLoad {
  double packets_per_s = 1e6;
  std::uint32_t ring_packets = 512;
  dataplane::IdleStrategy idle = dataplane::IdleStrategy::busy;
};

// A port of two rings of its own; packets circulate. Made on a control thread, run on an lcore.
class RingWorker {
 public:
  RingWorker(const RingLoad& load, quiesce::WorkerGate& gate, const Clock& clock);
  ~RingWorker();
  RingWorker(const RingWorker&) = delete;
  RingWorker& operator=(const RingWorker&) = delete;

  void launch(unsigned lcore);
  void stop();

  // After stop().
  [[nodiscard]] const LossAccount& account() const { return account_; }
  // While it runs: when the first packet since `since` was received; zero: none yet.
  [[nodiscard]] Instant first_packet_after(Instant since) const;

 private:
  void run();
  [[nodiscard]] std::uint64_t arrive(std::uint64_t due);
  void recycle();

  RingLoad load_;
  quiesce::WorkerGate& gate_;
  const Clock& clock_;
  rte_mempool* pool_ = nullptr;
  rte_ring* in_ = nullptr;
  rte_ring* out_ = nullptr;
  std::uint16_t port_ = 0;
  std::vector<rte_mbuf*> stock_;
  LossAccount account_;
  std::atomic<bool> end_{false};
  std::atomic<std::int64_t> first_after_resume_ns_{0};  // writer: the worker
  unsigned lcore_ = 0;
};

}  // namespace stillwater::bench
