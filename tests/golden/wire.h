// The far end of a DPDK port that is made of two rings: frames go in at one and are taken at the other.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "tests/golden/capture.h"

namespace stillwater::golden {

// Needs EAL. Outlives the dataplane that has the port. One thread, other than the worker's.
class Wire {
 public:
  static constexpr std::size_t kRoom = 255;  // frames that have been put and not received

  Wire();
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  [[nodiscard]] const std::string& device() const { return device_; }
  // All at once: the worker receives none of them before the last lies there. At most kRoom.
  void put(std::span<const Captured> burst);
  [[nodiscard]] bool all_received() const { return rte_ring_empty(in_) != 0; }
  // What was sent since, in order.
  void take(std::vector<Frame>& sent);

 private:
  rte_mempool* buffers_;
  rte_ring* in_;
  rte_ring* out_;
  int id_;
  std::string device_;
};

}  // namespace stillwater::golden
