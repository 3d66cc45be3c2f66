#include "tests/bench/established_tcp.h"

#include <algorithm>
#include <cstring>

#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "ckpt_engine/region/session_table.h"
#include "ckpt_engine/region/turn.h"
#include "dataplane/datapath/tables/policy.h"
#include "tests/bench/flow_keys.h"
#include "tests/bench/network.h"

namespace stillwater::bench {

EstablishedTcp::EstablishedTcp(Side side, std::uint32_t sessions, double packets_per_s)
    : side_(side),
      sessions_(sessions),
      packets_per_s_(packets_per_s),
      random_(side == Side::inside ? 0x9e3779b97f4a7c15 : 0xd1b54a32d192ed03) {}

void EstablishedTcp::attach(std::uint16_t port) {
  rte_eth_add_rx_callback(port, 0, &EstablishedTcp::fill, this);
}

std::uint16_t EstablishedTcp::fill(std::uint16_t, std::uint16_t, rte_mbuf** packets, std::uint16_t n,
                                   std::uint16_t, void* self) {
  auto& source = *static_cast<EstablishedTcp*>(self);
  const Instant now = BootClock{}.now();
  if (!source.arrivals_)
    source.arrivals_ = std::make_unique<PacedArrivals>(source.packets_per_s_, kRing, now);
  source.waiting_ += source.arrivals_->due(now);
  if (source.waiting_ > kRing) {
    source.lost_.fetch_add(source.waiting_ - kRing, std::memory_order_relaxed);
    source.waiting_ = kRing;
  }
  const auto taken = static_cast<std::uint16_t>(std::min<std::uint64_t>(source.waiting_, n));
  for (std::uint16_t i = 0; i < taken; ++i) source.write_segment(packets[i]);
  if (taken > 0 && !source.greeted_) {
    source.greeted_ = true;
    write_greeting(packets[0], source.side_ == Side::inside ? kInside : kOutside);
  }
  rte_pktmbuf_free_bulk(packets + taken, n - taken);
  source.waiting_ -= taken;
  source.offered_.fetch_add(taken, std::memory_order_relaxed);
  return taken;
}

void EstablishedTcp::write_segment(rte_mbuf* packet) {
  struct Frame {
    rte_ether_hdr ether;
    rte_ipv4_hdr ip;
    rte_tcp_hdr tcp;
  } __attribute__((packed, aligned(2)));
  random_ ^= random_ << 13, random_ ^= random_ >> 7, random_ ^= random_ << 17;
  const auto session = static_cast<std::uint32_t>((random_ >> 32) * sessions_ >> 32);
  const bool inside = side_ == Side::inside;
  const region::FlowKey key = inside ? forward_key(session) : reply_key(session);
  auto* frame = rte_pktmbuf_mtod(packet, Frame*);
  std::memset(frame, 0, sizeof(*frame));
  frame->ether.dst_addr = kVirtualMac[inside ? kInside : kOutside];
  frame->ether.src_addr = kPeerMac[inside ? kInside : kOutside];
  frame->ether.ether_type = htons(RTE_ETHER_TYPE_IPV4);
  frame->ip.version_ihl = RTE_IPV4_VHL_DEF;
  frame->ip.total_length = htons(46);
  frame->ip.time_to_live = 64;
  frame->ip.next_proto_id = IPPROTO_TCP;
  frame->ip.src_addr = key.source_be;
  frame->ip.dst_addr = key.destination_be;
  frame->ip.hdr_checksum = rte_ipv4_cksum(&frame->ip);
  frame->tcp.src_port = key.source_port_be;
  frame->tcp.dst_port = key.destination_port_be;
  frame->tcp.data_off = 5 << 4;
  frame->tcp.tcp_flags = RTE_TCP_ACK_FLAG;
  packet->data_len = 60;
  packet->pkt_len = 60;
}

void fill_established(const region::Region& region, std::uint32_t sessions, std::uint32_t rule,
                      Nanos region_now) {
  region::WorkerMarks marks(region::kDataOffset, region.soft_begin(), region.size());
  region::Turn turn(region, marks);
  region::SessionTable table(region, 0);
  for (std::uint32_t i = 0; i < sessions; ++i) {
    turn.begin(0, region_now - 1s * (i % region::SessionSeen::kStepSeconds));
    const std::uint32_t slot = table.insert(turn, forward_key(i), reply_key(i));
    if (slot == region::SessionTable::kNone) std::abort();
    const auto session = table.edit(turn, slot);
    session->state = region::SessionState::established;
    session->rule_id = rule;
    session->config_generation = dataplane::kFirstPolicyGeneration;
    session->initiator_port = kInside;
    session->responder_port = kOutside;
  }
}

}  // namespace stillwater::bench
