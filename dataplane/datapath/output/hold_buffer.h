// Output that waits for its commit.
//
// Invariants: a packet leaves only when its epoch is committed; packets of one epoch leave in the order in
// which they came; a packet of a committed epoch waits for no packet of a later one.
#pragma once

#include <cstdint>
#include <memory>

#include "base/ip_address.h"

struct rte_mbuf;

namespace stillwater::dataplane {

struct HeldPacket {
  rte_mbuf* mbuf;
  std::uint64_t depends_epoch;
  IpAddress next_hop;
  std::uint16_t out_port;  // the MAC address is looked up when it leaves, not now
};

// Bounded; one thread. Epochs of a flow's packets never fall (a session's changed_epoch does not), so order
// within an epoch keeps the order within a flow. At most two epochs are open at a time (one on its way to
// the standby, one being written): they lie in a ring each, by parity. Should more be open, packets wait
// longer than needed, but none leaves early. Does not own the mbufs: the caller empties it.
//
// The last quarter of the room is for packets of sessions that peers know of: a flood of new ones on a slow
// link must not cost a known session its FIN.
class HoldBuffer {
 public:
  explicit HoldBuffer(std::uint32_t capacity);

  [[nodiscard]] std::uint32_t size() const { return rings_[0].count + rings_[1].count; }
  [[nodiscard]] bool empty() const { return size() == 0; }

  // False if it is full; nothing changed then.
  [[nodiscard]] bool push(const HeldPacket& packet);
  // Whether a push would find room behind `ahead` others.
  [[nodiscard]] bool has_room(std::uint32_t ahead) const { return size() + ahead < capacity_; }
  // Whether a packet of a session that nobody knows of yet may be pushed: the caller asks.
  [[nodiscard]] bool has_room_for_new() const { return size() < capacity_ - capacity_ / kKnownShare; }

  // Calls `leave(const HeldPacket&)` for each packet of an epoch up to `committed`, older epochs first,
  // until none is left or `leave` returns false, which leaves that packet at its place. Returns false in
  // the second case.
  template <class Leave>
  bool release(std::uint64_t committed, Leave leave) {
    while (!empty()) {
      Ring& older = rings_[epoch_at_front(0) < epoch_at_front(1) ? 0 : 1];
      const HeldPacket& front = older.packets[older.head];
      if (front.depends_epoch > committed) break;
      if (!leave(front)) return false;
      pop(older);
    }
    return true;
  }

  // Calls `take(const HeldPacket&)` for every packet, whatever its epoch; empty afterwards.
  template <class Take>
  void drain(Take take) {
    for (Ring& ring : rings_)
      for (; ring.count != 0; pop(ring)) take(ring.packets[ring.head]);
  }

 private:
  static constexpr std::uint32_t kKnownShare = 4;

  struct Ring {
    std::unique_ptr<HeldPacket[]> packets;
    std::uint32_t head = 0;
    std::uint32_t count = 0;
  };

  [[nodiscard]] std::uint64_t epoch_at_front(unsigned ring) const;
  void pop(Ring& ring) {
    ring.head = ring.head + 1 == capacity_ ? 0 : ring.head + 1;
    --ring.count;
  }
  std::uint32_t capacity_;
  Ring rings_[2];
};

}  // namespace stillwater::dataplane
