#include "quiesce/handover_ring.h"

#include <algorithm>

#include <rte_errno.h>

namespace stillwater::quiesce {

Result<std::unique_ptr<HandoverRing>> HandoverRing::create(const std::string& name,
                                                           std::uint32_t packets_max) {
  static std::atomic<unsigned> serial{0};
  const std::string unique = "sw_handover_" + std::to_string(serial.fetch_add(1));
  rte_ring* ring = rte_ring_create(unique.c_str(), rte_align32pow2(packets_max + 1),
                                   static_cast<int>(SOCKET_ID_ANY), RING_F_SP_ENQ | RING_F_SC_DEQ);
  if (ring == nullptr)
    return fail(Errc::resource_exhausted,
                "no memory for the ring " + name + " between workers: " + rte_strerror(rte_errno));
  return std::unique_ptr<HandoverRing>(new HandoverRing(name, ring));
}

HandoverRing::~HandoverRing() {
  clear();
  rte_ring_free(ring_);
}

void HandoverRing::clear() {
  for (rte_mbuf* packet = nullptr; take(&packet, 1) == 1;) rte_pktmbuf_free(packet);
  settle();
}

// Counted before it can be taken: whoever sees a packet taken also sees that it was put. Room only grows
// meanwhile, since there is one producer.
std::uint16_t HandoverRing::put(rte_mbuf** packets, std::uint16_t n) {
  const auto fitting = static_cast<std::uint16_t>(std::min<unsigned>(n, rte_ring_free_count(ring_)));
  if (fitting == 0) return 0;
  put_.store(put_.load(std::memory_order_relaxed) + fitting, std::memory_order_relaxed);
  (void)rte_ring_sp_enqueue_bulk(ring_, reinterpret_cast<void**>(packets), fitting, nullptr);
  return fitting;
}

std::uint16_t HandoverRing::take(rte_mbuf** packets, std::uint16_t n) {
  const unsigned got = rte_ring_sc_dequeue_burst(ring_, reinterpret_cast<void**>(packets), n, nullptr);
  taken_ += got;
  return static_cast<std::uint16_t>(got);
}

}  // namespace stillwater::quiesce
