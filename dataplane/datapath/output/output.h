// Where processed packets go: into the hold buffer if they depend on an uncommitted epoch, else onto the
// link.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/committed_epoch.h"
#include "ckpt_engine/region/neighbour_table.h"
#include "ckpt_engine/region/turn.h"
#include "dataplane/datapath/output/hold_buffer.h"
#include "dataplane/datapath/output/resolver.h"
#include "dataplane/datapath/output/rewrites.h"
#include "dataplane/datapath/output/tx_queues.h"
#include "dataplane/datapath/packet.h"
#include "dataplane/datapath/packet_pool.h"
#include "dataplane/datapath/tables/service.h"

namespace stillwater::dataplane {

// Belongs to one worker's thread, except `discard_held`.
class Output {
 public:
  Output(PacketPool& pool, const Service& service, const region::NeighbourTable& neighbours,
         CommittedEpoch& epochs, const TransmitPermit& permit, const Clock& clock, std::uint16_t queue,
         std::uint32_t hold_packets_max);
  ~Output();

  // `epoch` and `committed` as read at the begin of the turn.
  void begin_turn(Instant now, std::uint32_t region_now_s, std::uint64_t epoch, std::uint64_t committed);

  // Lets held packets of committed epochs leave. False: a port took no more, so nothing may be polled in
  // this turn, else a flow's next packet would overtake.
  [[nodiscard]] bool release();

  // A packet that depends on `depends_epoch` leaves through its port to its next hop, now or after the commit
  // that the mode has it wait for.
  void forward(const Packet& packet, std::uint64_t depends_epoch);
  // What `forward` would do with the packet now, behind `ahead` others that go where it goes.
  struct Departure {
    bool waits_for_commit = false;
    std::optional<DropReason> dropped{};  // there is no room to wait
    std::optional<rte_ether_addr> mac{};  // of the next hop; none: it is asked for
  };
  [[nodiscard]] Departure departure(const Packet& packet, std::uint64_t depends_epoch, unsigned ahead) const;
  // Whether the first packet of a new session could wait, if it has to: asked before the session is made.
  [[nodiscard]] bool has_room_for_new_session() const {
    return service_.output_commit == OutputCommit::none || epoch_ <= committed_ || held_.has_room_for_new();
  }
  // A complete frame that reveals nothing but the configuration: it waits in no mode.
  void send_frame(PortIndex port, rte_mbuf* frame) { tx_.send(port, frame); }

  void neighbour_learned(PortIndex port, const IpAddress& address);
  [[nodiscard]] const Resolver& resolver() const { return resolver_; }
  // See Resolver::ask.
  [[nodiscard]] bool ask(PortIndex port, const IpAddress& address, const rte_ether_addr* known) {
    return resolver_.ask(port, address, known);
  }

  // Whether a packet that depends on this epoch has to wait for its commit.
  [[nodiscard]] bool waits_for_commit(std::uint64_t depends_epoch) const {
    return awaited_epoch(depends_epoch) > committed_;
  }
  // The short way, of packets that need not wait: whoever sends untagged frames puts the link header on
  // itself.
  [[nodiscard]] bool has_short_way() const { return service_.output_commit != OutputCommit::all; }
  [[nodiscard]] Rewrites& rewrites() { return rewrites_; }
  void send_untagged(PortIndex device, rte_mbuf* frame) { tx_.send_untagged(device, frame); }

  void transmit() { tx_.flush(now_); }
  // The last of them before this worker stands still for long: none is left queued.
  void transmit_or_drop() { tx_.flush_or_drop(); }
  // A neighbour that nobody answered for, with its packets, now the caller's.
  [[nodiscard]] std::optional<Resolver::Unanswered> tick() { return resolver_.tick(now_); }

  // Frees everything that waits. By the worker, or by a control thread while the worker stands still.
  std::uint32_t discard_held();
  [[nodiscard]] bool holds() const { return !held_.empty(); }
  [[nodiscard]] std::uint64_t frames_sent() const { return tx_.sent(); }
  [[nodiscard]] std::uint64_t frames_sent_past_permit() const { return tx_.sent_past_permit(); }

 private:
  // 0: none. No packet depends on a later epoch than the one that it is processed in.
  [[nodiscard]] std::uint64_t awaited_epoch(std::uint64_t depends_epoch) const {
    if (service_.output_commit == OutputCommit::new_state) return depends_epoch;
    return service_.output_commit == OutputCommit::none ? 0 : epoch_;
  }
  void emit(rte_mbuf* packet, PortIndex port, const IpAddress& next_hop);

  PacketPool& pool_;
  const Service& service_;
  const region::NeighbourTable& neighbours_;
  CommittedEpoch& epochs_;
  TxQueues tx_;
  Resolver resolver_;
  Rewrites rewrites_;
  HoldBuffer held_;
  Instant now_{0};
  std::uint32_t region_now_s_ = 0;
  std::uint64_t epoch_ = 0;
  std::uint64_t committed_ = 0;
};

}  // namespace stillwater::dataplane
