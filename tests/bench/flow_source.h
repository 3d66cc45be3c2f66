// A load that takes no core: frames are written into a null port's receive bursts by DPDK's own receive
// callback, on the worker's thread.
#pragma once

#include <atomic>
#include <cstdint>

#include <rte_ethdev.h>

namespace stillwater::bench {

// UDP flows from the inside to the outside, and their replies. Each port has one source. The inside source
// goes round `flows` established flows; `new_flows_per_million` of its packets begin a flow that was never
// seen. The first frame of each source is an ARP request, from which the dataplane learns its neighbour.
class FlowSource {
 public:
  enum class Side { inside, outside };
  FlowSource(Side side, std::uint32_t flows) : side_(side), flows_(flows) {}

  // Before the port is started. DPDK keeps the callback when the port is closed: detach first if the source
  // goes before the process does, once nobody polls the port any more.
  void attach(std::uint16_t port);
  void detach();
  void set_new_flows_per_million(std::uint32_t rate) {
    new_per_million_.store(rate, std::memory_order_relaxed);
  }
  // Packets handed to the worker.
  [[nodiscard]] std::uint64_t packets() const { return packets_.load(std::memory_order_relaxed); }

 private:
  static std::uint16_t fill(std::uint16_t port, std::uint16_t queue, rte_mbuf** packets, std::uint16_t n,
                            std::uint16_t max, void* self);
  void write_udp(rte_mbuf* packet);
  void next_tuple(std::uint32_t& host, std::uint16_t& port);

  Side side_;
  std::uint32_t flows_;
  std::uint16_t port_ = 0;
  const rte_eth_rxtx_callback* callback_ = nullptr;
  std::uint32_t next_ = 0;
  std::uint32_t fresh_ = 0;
  std::uint32_t credit_ = 0;                       // millionths of a new flow
  std::atomic<std::uint32_t> new_per_million_{0};  // writer: the benchmark
  std::atomic<std::uint64_t> packets_{0};          // writer: the worker
  bool greeted_ = false;
};

}  // namespace stillwater::bench
