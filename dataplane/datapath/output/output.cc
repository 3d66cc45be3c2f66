#include "dataplane/datapath/output/output.h"

namespace stillwater::dataplane {
namespace {

rte_ether_addr to_ether(const std::array<std::uint8_t, 6>& mac) {
  rte_ether_addr address{};
  std::copy(mac.begin(), mac.end(), address.addr_bytes);
  return address;
}

}  // namespace

Output::Output(PacketPool& pool, const Service& service, const region::NeighbourTable& neighbours,
               CommittedEpoch& epochs, const TransmitPermit& permit, const Clock& clock, std::uint16_t queue,
               std::uint32_t hold_packets_max)
    : pool_(pool),
      service_(service),
      neighbours_(neighbours),
      epochs_(epochs),
      tx_(pool, service, permit, clock, queue),
      resolver_(pool, service, tx_),
      rewrites_(service, neighbours, resolver_),
      held_(hold_packets_max) {}

Output::~Output() { discard_held(); }

void Output::begin_turn(Instant now, std::uint32_t region_now_s, std::uint64_t epoch,
                        std::uint64_t committed) {
  now_ = now;
  region_now_s_ = region_now_s;
  epoch_ = epoch;
  committed_ = committed;
  rewrites_.begin_turn(now, region_now_s);
}

bool Output::release() {
  return held_.release(committed_, [this](const HeldPacket& packet) {
    if (!tx_.has_room(packet.out_port)) return false;
    pool_.agent().unhold(1);
    emit(packet.mbuf, packet.out_port, packet.next_hop);
    return true;
  });
}

// An epoch that has ended is on its way: only the one that goes on has to be asked for.
void Output::forward(const Packet& packet, std::uint64_t depends_epoch) {
  const std::uint64_t awaited = awaited_epoch(depends_epoch);
  if (awaited <= committed_) return emit(packet.mbuf, packet.out_port, packet.next_hop);
  if (packet.new_session && !held_.has_room_for_new())
    return pool_.drop(packet.mbuf, DropReason::hold_buffer_full_new);
  if (!held_.push({packet.mbuf, awaited, packet.next_hop, packet.out_port}))
    return pool_.drop(packet.mbuf, DropReason::hold_buffer_full);
  pool_.agent().hold(1);
  if (awaited != epoch_) return;
  packet.can_wait ? epochs_.ask_for_checkpoint_later(now_) : epochs_.ask_for_checkpoint();
}

Output::Departure Output::departure(const Packet& packet, std::uint64_t depends_epoch, unsigned ahead) const {
  Departure departure{.waits_for_commit = waits_for_commit(depends_epoch)};
  if (const auto* neighbour = neighbours_.find(packet.out_port, packet.next_hop); neighbour != nullptr)
    departure.mac = to_ether(neighbour->mac);
  if (!departure.waits_for_commit) {
    if (!departure.mac && !resolver_.has_room(packet.out_port, packet.next_hop, ahead))
      departure.dropped = DropReason::neighbour_queue_full;
  } else if (packet.new_session && !held_.has_room_for_new()) {
    departure.dropped = DropReason::hold_buffer_full_new;
  } else if (!held_.has_room(ahead)) {
    departure.dropped = DropReason::hold_buffer_full;
  }
  return departure;
}

void Output::emit(rte_mbuf* packet, PortIndex port, const IpAddress& next_hop) {
  if (const LinkHeader* link = rewrites_.find(port, next_hop)) {
    link->write_to(*packet);
    return tx_.send_untagged(link->device, packet);
  }
  // A VLAN's, or of a neighbour that is known since this turn or not at all.
  const region::Neighbour* neighbour = neighbours_.find(port, next_hop);
  if (neighbour == nullptr) return resolver_.wait(port, next_hop, packet, now_);
  auto* ether = rte_pktmbuf_mtod(packet, rte_ether_hdr*);
  ether->dst_addr = to_ether(neighbour->mac);
  ether->src_addr = service_.ports[port].mac;
  if (region_now_s_ - neighbour->learned_s > kNeighbourFreshSeconds)
    resolver_.refresh(port, next_hop, ether->dst_addr, now_);
  tx_.send(port, packet);
}

void Output::neighbour_learned(PortIndex port, const IpAddress& address) {
  resolver_.learned(port, address, [&](rte_mbuf* packet) { emit(packet, port, address); });
}

std::uint32_t Output::discard_held() {
  const std::uint32_t count = held_.size() + resolver_.waiting();
  held_.drain([this](const HeldPacket& packet) {
    pool_.agent().unhold(1);
    pool_.drop(packet.mbuf, DropReason::held_discarded);
  });
  resolver_.clear(DropReason::held_discarded);
  return count;
}

}  // namespace stillwater::dataplane
