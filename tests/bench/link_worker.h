// A packet function that sends a paced load over one end of a veth link and receives it at the other.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "dataplane/control/port.h"
#include "quiesce/interface_agent.h"
#include "quiesce/worker_barrier.h"
#include "tests/bench/loss_account.h"

namespace stillwater::bench {

// Both ends are af_packet ports on the link that make_link() made. Made on a control thread, run on an lcore.
class LinkWorker {
 public:
  static constexpr std::uint32_t kRingPackets = 512;  // of a packet socket

  LinkWorker(double packets_per_s, quiesce::WorkerGate& gate, const Clock& clock);
  ~LinkWorker();
  LinkWorker(const LinkWorker&) = delete;
  LinkWorker& operator=(const LinkWorker&) = delete;

  void launch(unsigned lcore);
  void stop();
  // After stop().
  [[nodiscard]] const LossAccount& account() const { return account_; }

 private:
  void run();
  [[nodiscard]] std::uint64_t send(std::uint64_t due);
  void receive_the_rest(quiesce::InterfaceAgent& agent);

  double packets_per_s_;
  quiesce::WorkerGate& gate_;
  const Clock& clock_;
  rte_mempool* pool_ = nullptr;
  std::unique_ptr<dataplane::Port> sender_;
  std::unique_ptr<dataplane::Port> receiver_;
  LossAccount account_;
  std::atomic<bool> end_{false};
  unsigned lcore_ = 0;
};

}  // namespace stillwater::bench
