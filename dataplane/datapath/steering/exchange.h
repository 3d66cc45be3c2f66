// How packets that arrived at another worker's queue reach their owner.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dataplane/datapath/packet.h"
#include "dataplane/datapath/packet_pool.h"
#include "quiesce/handover_ring.h"

namespace stillwater::dataplane {

// A frame as a worker gets it, by a port or from another worker.
struct Received {
  rte_mbuf* mbuf;
  PortIndex port;
  bool copy;                 // another worker has the original and answers it; this one only learns from it
  bool turned_back = false;  // Packet::turned_back
  std::uint64_t depends_epoch = 0;  // of `turned_back`: what was done for it at another worker
};

// One worker's ends of the rings between workers, by worker; null at its own place. The rings outlive it.
struct RingEnds {
  std::vector<quiesce::HandoverRing*> to;
  std::vector<quiesce::HandoverRing*> from;
};

// Belongs to one worker's thread. Frames of one flow come in by one queue, so a ring keeps their order.
class Exchange {
 public:
  static constexpr std::uint16_t kBurst = 32;
  static constexpr std::uint32_t kRingPackets = 511;

  Exchange(PacketPool& pool, const RingEnds& ends) : pool_(pool), ends_(ends), outgoing_(ends.to.size()) {}
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // The frame goes to its owner with the next flush.
  void give(unsigned owner, const Received& frame);
  // All others get a copy, as far as buffers reach.
  void copy_to_others(const Received& frame);
  // Once a turn. What a ring has no room for is dropped: its worker does not keep up.
  void flush();

  // Appends at most kBurst frames from each other worker. How many.
  std::size_t take(Received* frames);

 private:
  struct Outgoing {
    std::array<rte_mbuf*, kBurst> frames;
    std::uint16_t count = 0;
  };
  void flush(unsigned owner);

  PacketPool& pool_;
  RingEnds ends_;
  std::vector<Outgoing> outgoing_;  // by owner
};

}  // namespace stillwater::dataplane
