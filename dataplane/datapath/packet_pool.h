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

  // An empty buffer for a frame of our own; null, and counted, if none is left.
  [[nodiscard]] rte_mbuf* make() {
    rte_mbuf* mbuf = rte_pktmbuf_alloc(buffers_);
    if (mbuf == nullptr)
      ++drops_[static_cast<std::size_t>(DropReason::no_buffer)];
    else
      agent_.adopt(1);
    return mbuf;
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
