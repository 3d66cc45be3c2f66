// What a DPDK program does, in small: a thread that receives at one port and transmits at another, and can be
// told to keep what it received.
#pragma once

#include <atomic>
#include <thread>
#include <vector>

#include "tests/unit/dpdk/ring_port.h"

namespace stillwater::quiesce::plugin {

class PollingProgram {
 public:
  PollingProgram(std::uint16_t in, std::uint16_t out);
  ~PollingProgram();

  // Packets received from now on stay inside until it lets go.
  void keep(bool on) { keeps_.store(on); }
  [[nodiscard]] std::size_t kept() const { return kept_count_.load(); }
  // Turns of its loop so far.
  [[nodiscard]] std::uint64_t turns() const { return turns_.load(); }
  // Waits until the loop went round twice more.
  [[nodiscard]] bool goes_round();

 private:
  void run();
  void turn(std::vector<rte_mbuf*>& kept);

  std::uint16_t in_;
  std::uint16_t out_;
  std::atomic<bool> keeps_{false};          // writer: the test
  std::atomic<bool> ending_{false};         // writer: the test
  std::atomic<std::size_t> kept_count_{0};  // writer: the thread
  std::atomic<std::uint64_t> turns_{0};     // writer: the thread
  std::thread thread_;
};

}  // namespace stillwater::quiesce::plugin
