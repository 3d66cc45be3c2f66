// A paced load of established TCP sessions in random order that takes no core: segments are written into a
// null port's receive bursts by DPDK's own receive callback, on the worker's thread, into the buffers that
// the worker freed.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include <rte_ethdev.h>

#include "base/clock.h"
#include "ckpt_engine/region/region.h"
#include "tests/bench/flow_keys.h"
#include "tests/bench/paced_arrivals.h"
#include "tests/bench/tcp_frame.h"

namespace stillwater::bench {

// The segments of one side, of sessions 0 .. sessions-1 as flow_keys.h numbers them. The first frame is an
// ARP request, from which the dataplane learns its neighbour.
class EstablishedTcp {
 public:
  enum class Side { inside, outside };
  EstablishedTcp(Side side, std::uint32_t sessions, double packets_per_s);

  // Before the port is started; the source outlives all polls of the port.
  void attach(std::uint16_t port);

  // Of the worker's thread; any thread may read.
  [[nodiscard]] std::uint64_t offered() const { return offered_.load(std::memory_order_relaxed); }
  // What a ring of 1,024 descriptors could not have kept while nobody polled.
  [[nodiscard]] std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::uint64_t kRing = 1024;

  static std::uint16_t fill(std::uint16_t port, std::uint16_t queue, rte_mbuf** packets, std::uint16_t n,
                            std::uint16_t max, void* self);
  void write_segment(rte_mbuf* packet);

  Side side_;
  std::uint32_t sessions_;
  double packets_per_s_;
  TcpSegments segments_;
  std::uint64_t random_;
  std::unique_ptr<PacedArrivals> arrivals_;  // from the first poll on
  std::uint64_t waiting_ = 0;
  std::atomic<std::uint64_t> offered_{0};  // writer: the worker
  std::atomic<std::uint64_t> lost_{0};     // writer: the worker
  bool greeted_ = false;
};

// Fills an empty table with sessions 0 .. sessions-1, established, admitted by `rule`, last seen in the
// seconds before `region_now`. `reply_of`: how they are translated, by default not at all. NAT ports are not
// taken: none of these sessions is to end.
void fill_established(const region::Region& region, std::uint32_t sessions, std::uint32_t rule,
                      Nanos region_now, region::FlowKey (*reply_of)(std::uint32_t session) = reply_key);

}  // namespace stillwater::bench
