// What arrives between two leaders of a planned switchover: kept by the one that handed over, brought to the
// other.
//
// The announcement of the successor is the cut. It runs through each port's network like any frame: what the
// former active receives before it on a port is brought to the successor, which discards what it received
// itself before it announced; what comes after it reaches the successor, and is discarded here. What arrives
// while the announcement leaves, a network that floods gives to both: the successor knows it again among what
// waits at its ports, and discards its own copy. So no frame is delivered twice.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include <rte_mempool.h>
#include <rte_ring.h>

#include "base/clock.h"
#include "base/result.h"
#include "dataplane/datapath/packet.h"
#include "dataplane/datapath/steering/brought_frames.h"
#include "dataplane/datapath/tables/service.h"

namespace stillwater::dataplane {

// Workers and one control thread.
class Handover {
 public:
  static constexpr unsigned kFramesMax = 4095;  // kept, and brought, at a time

  // `service` and `buffers` outlive it. Error: resource_exhausted.
  [[nodiscard]] static Result<std::unique_ptr<Handover>> create(const Service& service, rte_mempool* buffers);
  ~Handover();
  Handover(const Handover&) = delete;
  Handover& operator=(const Handover&) = delete;

  // The former active's control thread. What was kept and not taken is freed. `has_link`: the ports that the
  // announcement can come by; on others nothing is kept, else what a mended link brings would go over as
  // well.
  void keep(const std::function<bool(PortIndex)>& has_link);
  void keep_no_more();
  // Hands over what was kept since the last call. False: the cut was seen on every port, nothing more will
  // come.
  [[nodiscard]] bool take_kept(const std::function<void(PortIndex, std::span<const std::byte>)>& sink);
  // Its workers, of what their stopped ports receive: how many are left at the front of `packets`, not kept.
  [[nodiscard]] std::uint16_t keep_some(std::uint16_t dpdk_port, rte_mbuf** packets, std::uint16_t n);

  // The successor's control thread: the frame is received by the first worker. Dropped where there is no such
  // port, no buffer or no room; counted in `lost`.
  void bring(PortIndex port, std::span<const std::byte> bytes);
  // Nothing more will be brought.
  void end_of_brought() { awaited_until_.store(0, std::memory_order_release); }
  // While the workers stand still: they discard what they receive until this node has announced itself, and
  // then poll no port until all was brought, or `patience` has passed, so that no packet overtakes.
  void expect_brought(Instant now, Nanos patience);
  // Frees what was brought and not received yet. While the workers stand still.
  void drop_brought();
  // Its first worker: the ring of brought frames; port_of() tells where each arrived.
  [[nodiscard]] rte_ring* brought() const { return brought_.get(); }
  [[nodiscard]] static PortIndex port_of(const rte_mbuf& frame) { return frame.port; }
  // Its workers: whether what they receive is to be discarded still; and the first, once it has announced.
  [[nodiscard]] bool unannounced() const { return unannounced_.load(std::memory_order_relaxed); }
  void announced() { unannounced_.store(false, std::memory_order_relaxed); }
  // Its workers: whether brought frames come first.
  [[nodiscard]] bool awaits_brought(Instant now) const {
    return now.count() < awaited_until_.load(std::memory_order_acquire) ||
           rte_ring_empty(brought_.get()) == 0;
  }

  // Its workers, of what waited at a port meanwhile: whether it was brought as well. Each brought frame is
  // found once, so that one that was sent twice is delivered twice.
  [[nodiscard]] bool was_brought(PortIndex port, const rte_mbuf& frame) {
    return frame.nb_segs == 1 && brought_frames_.take(port, bytes_of(frame));
  }
  // Counts this node's successions: where it has moved on, a port may hold what was brought until it was
  // empty once.
  [[nodiscard]] std::uint32_t succession() const { return succession_.load(std::memory_order_relaxed); }

  // Frames that were neither kept nor brought for want of room, buffers or a port; among drops by this name.
  // Not a counter of the region: a node that does not lead loses them.
  static constexpr const char* kLostReason = "hand_over_full";
  [[nodiscard]] std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  struct FreeRing {
    void operator()(rte_ring* ring) const { rte_ring_free(ring); }
  };
  using Ring = std::unique_ptr<rte_ring, FreeRing>;

  Handover(const Service& service, rte_mempool* buffers, Ring kept, Ring brought);
  [[nodiscard]] bool is_cut(const rte_mbuf& frame) const;
  [[nodiscard]] static std::span<const std::byte> bytes_of(const rte_mbuf& frame) {
    return {rte_pktmbuf_mtod(&frame, const std::byte*), rte_pktmbuf_data_len(&frame)};
  }

  const Service& service_;
  rte_mempool* const buffers_;
  Ring kept_;
  Ring brought_;
  std::atomic<bool> keeping_{false};          // writer: control
  std::unique_ptr<std::atomic<bool>[]> cut_;  // by port with a device; writers: control clears, a worker sets
  std::atomic<bool> unannounced_{false};      // writers: control sets, the first worker clears
  std::atomic<std::int64_t> awaited_until_{0};  // CLOCK_BOOTTIME, ns; writer: control
  BroughtFrames brought_frames_;                // of the present succession
  std::atomic<std::uint32_t> succession_{0};    // writer: control
  std::atomic<std::uint64_t> lost_{0};
};

}  // namespace stillwater::dataplane
