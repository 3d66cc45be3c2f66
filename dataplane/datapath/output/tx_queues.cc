#include "dataplane/datapath/output/tx_queues.h"

#include <algorithm>

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
  if (queues_[port].count == kQueueFrames) burst(port);
  return queues_[port].count < kQueueFrames;
}

void TxQueues::send(PortIndex port, rte_mbuf* frame) {
  if (!has_room(port)) return pool_.drop(frame, DropReason::tx_full);
  Queue& queue = queues_[port];
  queue.frames[queue.count++] = frame;
}

void TxQueues::burst(PortIndex port) {
  if (!permit_.holds(clock_.now())) return;
  Queue& queue = queues_[port];
  const std::uint16_t sent =
      pool_.agent().tx_burst(service_.ports[port].dpdk_port, queue_, queue.frames.data(), queue.count);
  if (sent == 0) return;
  std::copy(queue.frames.begin() + sent, queue.frames.begin() + queue.count, queue.frames.begin());
  queue.count = static_cast<std::uint16_t>(queue.count - sent);
  sent_ += sent;
}

void TxQueues::flush(Instant now) {
  for (PortIndex port = 0; port < queues_.size(); ++port) {
    Queue& queue = queues_[port];
    const std::uint16_t before = queue.count;
    if (before != 0) burst(port);
    if (queue.count == 0 || queue.count < before) {
      queue.progress = now;
    } else if (now - queue.progress > kPatience) {
      drop_queued(queue, now);
    }
  }
}

void TxQueues::flush_or_drop() {
  const Instant until = clock_.now() + kPatience;
  for (PortIndex port = 0; port < queues_.size(); ++port) {
    while (queues_[port].count != 0 && clock_.now() < until) burst(port);
    drop_queued(queues_[port], clock_.now());
  }
}

void TxQueues::drop_queued(Queue& queue, Instant now) {
  const DropReason why = permit_.holds(now) ? DropReason::tx_full : DropReason::no_lease;
  for (std::uint16_t i = 0; i < queue.count; ++i) pool_.drop(queue.frames[i], why);
  queue.count = 0;
}

}  // namespace stillwater::dataplane
