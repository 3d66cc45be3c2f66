#include "dataplane/datapath/output/tx_queues.h"

#include <algorithm>
#include <optional>

namespace stillwater::dataplane {

TxQueues::TxQueues(PacketPool& pool, const Service& service, const TransmitPermit& permit, const Clock& clock,
                   std::uint16_t queue)
    : pool_(pool),
      service_(service),
      permit_(permit),
      clock_(clock),
      queue_(queue),
      queues_(service.ports.size()) {}

TxQueues::~TxQueues() {
  for (Queue& queue : queues_)
    for (std::uint16_t i = 0; i < queue.count; ++i) pool_.drop(queue.frames[i], DropReason::tx_full);
}

bool TxQueues::has_room(PortIndex port) {
  const PortIndex device = service_.ports[port].device;
  if (queues_[device].count == kQueueFrames) (void)burst(device, clock_.now());
  return queues_[device].count < kQueueFrames;
}

void TxQueues::send(PortIndex port, rte_mbuf* frame) {
  if (!has_room(port)) return pool_.drop(frame, DropReason::tx_full);
  const ServicePort& from = service_.ports[port];
  if (!put_tag(from, frame)) return pool_.drop(frame, DropReason::no_buffer);
  Queue& queue = queues_[from.device];
  queue.frames[queue.count++] = frame;
}

Instant TxQueues::burst(PortIndex port, Instant looked) {
  if (!permit_.holds(looked)) return looked;
  Queue& queue = queues_[port];
  const std::uint16_t sent =
      pool_.agent().tx_burst(service_.ports[port].dpdk_port, queue_, queue.frames.data(), queue.count);
  const Instant ended = clock_.now();
  if (sent == 0) return ended;
  if (!permit_.holds(ended)) sent_past_permit_ += sent;
  std::copy(queue.frames.begin() + sent, queue.frames.begin() + queue.count, queue.frames.begin());
  queue.count = static_cast<std::uint16_t>(queue.count - sent);
  sent_ += sent;
  return ended;
}

// A burst's end is the next one's look: the clock is read once more a turn, not once more a burst.
void TxQueues::flush(Instant now) {
  std::optional<Instant> looked;
  for (PortIndex port = 0; port < queues_.size(); ++port) {
    Queue& queue = queues_[port];
    const std::uint16_t before = queue.count;
    if (before != 0) looked = burst(port, looked ? *looked : clock_.now());
    if (queue.count == 0 || queue.count < before) {
      queue.progress = now;
    } else if (now - queue.progress > kPatience) {
      drop_queued(queue, now);
    }
  }
}

void TxQueues::flush_or_drop() {
  Instant now = clock_.now();
  const Instant until = now + kPatience;
  for (PortIndex port = 0; port < queues_.size(); ++port) {
    for (; queues_[port].count != 0 && now < until; now = clock_.now()) now = burst(port, now);
    drop_queued(queues_[port], now);
  }
}

void TxQueues::drop_queued(Queue& queue, Instant now) {
  const DropReason why = permit_.holds(now) ? DropReason::tx_full : DropReason::no_lease;
  for (std::uint16_t i = 0; i < queue.count; ++i) pool_.drop(queue.frames[i], why);
  queue.count = 0;
}

}  // namespace stillwater::dataplane
