// Where a worker's packet buffers come from and where they end, with the account that the agent keeps.
#pragma once

#include <array>
#include <cstdint>

#include <rte_mbuf.h>

#include "dataplane/datapath/drop_reason.h"
#include "quiesce/interface_agent.h"

namespace stillwater::dataplane {

// Drops of one worker since its counters were last added to the region.
using DropCounts = std::array<std::uint64_t, kDropReasons>;

// Belongs to one worker's thread.
class PacketPool {
 public:
  PacketPool(quiesce::InterfaceAgent& agent, rte_mempool* buffers) : agent_(agent), buffers_(buffers) {}

  [[nodiscard]] quiesce::InterfaceAgent& agent() { return agent_; }
  [[nodiscard]] DropCounts& drops() { return drops_; }

  void drop(rte_mbuf* mbuf, DropReason why) {
    ++drops_[static_cast<std::size_t>(why)];
    agent_.free(&mbuf, 1);
  }

  void count(DropReason what) { ++drops_[static_cast<std::size_t>(what)]; }

  // An empty buffer for a frame of our own; null, and counted, if none is left.
  [[nodiscard]] rte_mbuf* make() {
    rte_mbuf* mbuf = rte_pktmbuf_alloc(buffers_);
    if (mbuf == nullptr)
      ++drops_[static_cast<std::size_t>(DropReason::no_buffer)];
    else
      agent_.adopt(1);
    return mbuf;
  }

  // `n` empty buffers, or none: then false, and not counted, since what they were for is dropped.
  [[nodiscard]] bool make(rte_mbuf** mbufs, unsigned n) {
    if (rte_pktmbuf_alloc_bulk(buffers_, mbufs, n) != 0) return false;
    agent_.adopt(n);
    return true;
  }
  // What an empty buffer has room for.
  [[nodiscard]] unsigned frame_bytes_max() const {
    return rte_pktmbuf_data_room_size(buffers_) - unsigned{RTE_PKTMBUF_HEADROOM};
  }

  // A copy of a whole frame in a buffer of its own; null, and counted, if none is left.
  [[nodiscard]] rte_mbuf* copy(const rte_mbuf& frame) {
    rte_mbuf* copied = rte_pktmbuf_copy(&frame, buffers_, 0, UINT32_MAX);
    if (copied == nullptr)
      ++drops_[static_cast<std::size_t>(DropReason::no_buffer)];
    else
      agent_.adopt(1);
    return copied;
  }

 private:
  quiesce::InterfaceAgent& agent_;
  rte_mempool* buffers_;
  DropCounts drops_{};
};

}  // namespace stillwater::dataplane
