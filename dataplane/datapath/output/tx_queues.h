// The last step of every packet: its VLAN's tag, and one small queue a device, emptied by bursts.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/transmit_permit.h"
#include "dataplane/datapath/packet_pool.h"
#include "dataplane/datapath/tables/service.h"

namespace stillwater::dataplane {

// The one place that hands frames to a device, and so the one that looks at the permit to transmit, once a
// burst and by the clock of that moment: the turn may have begun long ago. Belongs to one worker's thread.
class TxQueues {
 public:
  TxQueues(PacketPool& pool, const Service& service, const TransmitPermit& permit, const Clock& clock,
           std::uint16_t queue);
  ~TxQueues();
  TxQueues(const TxQueues&) = delete;
  TxQueues& operator=(const TxQueues&) = delete;

  // The port takes one more frame, perhaps after a burst.
  [[nodiscard]] bool has_room(PortIndex port);
  // Queues a complete frame; dropped as `tx_full` if the port has no room.
  void send(PortIndex port, rte_mbuf* frame);
  // The same of a frame that has no tag to get, by the device's port.
  void send_untagged(PortIndex device, rte_mbuf* frame) {
    Queue& queue = queues_[device];
    if (__builtin_expect(queue.count == kQueueFrames, 0)) return send(device, frame);
    queue.frames[queue.count++] = frame;
  }
  // Gives the frame the tag that it leaves `port` with, if that is a VLAN. False: there is no room for it.
  [[nodiscard]] static bool put_tag(const ServicePort& port, rte_mbuf*& frame) {
    if (port.vlan == 0) return true;
    frame->vlan_tci = port.vlan;
    return rte_vlan_insert(&frame) == 0;
  }
  // Sends what is queued. What a port does not take stays for the next turn, for kPatience at most: a dead
  // link must not keep the worker from its packet boundary.
  void flush(Instant now);
  // Sends what is queued, within kPatience; drops what is left then. The queues are empty afterwards.
  void flush_or_drop();

  // For the bench: frames taken by devices.
  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  // Of them, those of bursts at whose end the permit held no longer: this thread may have stood still between
  // the look and the send. A node that is frozen there sends one such burst, and looks again.
  [[nodiscard]] std::uint64_t sent_past_permit() const { return sent_past_permit_; }

  static constexpr std::uint16_t kQueueFrames = 256;  // a burst's at most

 private:
  static constexpr Nanos kPatience = 1ms;

  struct Queue {
    std::array<rte_mbuf*, kQueueFrames> frames;
    std::uint16_t count = 0;
    Instant progress{0};  // when the port last took a frame, or had none waiting
  };
  // Of a device, by the index of its port.
  void drop_queued(Queue& queue, Instant now);
  // `looked`: the clock of a moment ago. Returns that of the burst's end.
  Instant burst(PortIndex port, Instant looked);

  PacketPool& pool_;
  const Service& service_;
  const TransmitPermit& permit_;
  const Clock& clock_;
  std::uint16_t queue_;
  std::uint64_t sent_ = 0;
  std::uint64_t sent_past_permit_ = 0;
  std::vector<Queue> queues_;
};

}  // namespace stillwater::dataplane
