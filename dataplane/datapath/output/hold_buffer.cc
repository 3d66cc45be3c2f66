#include "dataplane/datapath/output/hold_buffer.h"

#include <limits>

namespace stillwater::dataplane {

HoldBuffer::HoldBuffer(std::uint32_t capacity) : capacity_(capacity) {
  for (Ring& ring : rings_) ring.packets = std::make_unique<HeldPacket[]>(capacity);
}

bool HoldBuffer::push(const HeldPacket& packet) {
  if (size() == capacity_) return false;
  Ring& ring = rings_[packet.depends_epoch & 1];
  const std::uint32_t tail = ring.head + ring.count;
  ring.packets[tail >= capacity_ ? tail - capacity_ : tail] = packet;
  ++ring.count;
  return true;
}

std::uint64_t HoldBuffer::epoch_at_front(unsigned ring) const {
  const Ring& r = rings_[ring];
  return r.count == 0 ? std::numeric_limits<std::uint64_t>::max() : r.packets[r.head].depends_epoch;
}

}  // namespace stillwater::dataplane
