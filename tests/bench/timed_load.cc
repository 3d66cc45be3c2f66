#include "tests/bench/timed_load.h"

#include <algorithm>
#include <cstring>

#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "tests/bench/flow_keys.h"
#include "tests/bench/network.h"

namespace stillwater::bench {
namespace {

struct Frame {
  rte_ether_hdr ether;
  rte_ipv4_hdr ip;
  rte_tcp_hdr tcp;
  std::int64_t due_ns;
  std::uint8_t is_new;
} __attribute__((packed, aligned(2)));

constexpr Nanos kFreshKept = 20ms;
constexpr std::uint16_t kIpBytes = sizeof(Frame) - sizeof(rte_ether_hdr);

}  // namespace

void TimedLoad::Arrivals::set_rate(double per_s, Instant now) {
  if (per_s == per_s_) return;
  per_s_ = per_s;
  apart_ = per_s > 0 ? Nanos(static_cast<std::int64_t>(1e9 / per_s)) : Nanos(0);
  next_ = now + apart_;
}

Instant TimedLoad::Arrivals::take() {
  const Instant due = next_;
  next_ += apart_;
  return due;
}

void TimedLoad::Arrivals::lose_before(Instant oldest) {
  if (per_s_ > 0 && next_ < oldest) next_ = oldest;
}

TimedLoad::TimedLoad(Side side, std::uint32_t sessions, const LoadShape& shape, Latencies& latencies)
    : side_(side),
      sessions_(sessions),
      shape_(shape),
      latencies_(latencies),
      random_(side == Side::inside ? 0x9e3779b97f4a7c15 : 0xd1b54a32d192ed03) {}

void TimedLoad::attach(std::uint16_t port) {
  rte_eth_add_rx_callback(port, 0, &TimedLoad::fill, this);
  rte_eth_add_tx_callback(port, 0, &TimedLoad::note, this);
}

std::uint16_t TimedLoad::fill(std::uint16_t, std::uint16_t, rte_mbuf** packets, std::uint16_t n,
                              std::uint16_t, void* self) {
  auto& load = *static_cast<TimedLoad*>(self);
  const Instant now = BootClock{}.now();
  const double per_s = load.shape_.established_per_s.load(std::memory_order_relaxed);
  load.established_.set_rate(per_s, now);
  if (load.side_ == Side::inside) {
    load.fresh_arrivals_.set_rate(load.shape_.new_per_s.load(std::memory_order_relaxed), now);
    load.fresh_arrivals_.lose_before(now - kFreshKept);
  }
  if (per_s > 0) load.established_.lose_before(now - Nanos(static_cast<std::int64_t>(kRing / per_s * 1e9)));
  std::uint16_t taken = 0;
  if (!load.greeted_ && n > 0) {
    load.greeted_ = true;
    write_greeting(packets[taken++], load.side_ == Side::inside ? kInside : kOutside);
  }
  for (; taken < n && load.fresh_arrivals_.is_due(now); ++taken)
    load.write_segment(packets[taken], load.sessions_ + load.fresh_++, true, load.fresh_arrivals_.take());
  for (; taken < n && (per_s == 0 || load.established_.is_due(now)); ++taken)
    load.write_segment(packets[taken], load.any_session(), false,
                       per_s == 0 ? now : load.established_.take());
  rte_pktmbuf_free_bulk(packets + taken, n - taken);
  return taken;
}

std::uint16_t TimedLoad::note(std::uint16_t, std::uint16_t, rte_mbuf** packets, std::uint16_t n, void* self) {
  auto& load = *static_cast<TimedLoad*>(self);
  const Instant now = BootClock{}.now();
  for (std::uint16_t i = 0; i < n; ++i) {
    if (packets[i]->data_len < sizeof(Frame)) continue;  // ARP
    const auto* frame = rte_pktmbuf_mtod(packets[i], const Frame*);
    const bool is_new = frame->is_new != 0;
    if (!is_new && ++load.seen_ % Latencies::kSampled != 0) continue;
    auto& latencies = is_new ? load.latencies_.new_session_us : load.latencies_.established_us;
    latencies.push_back(microseconds(now - Instant(frame->due_ns)));
  }
  return n;
}

std::uint32_t TimedLoad::any_session() {
  random_ ^= random_ << 13, random_ ^= random_ >> 7, random_ ^= random_ << 17;
  return static_cast<std::uint32_t>((random_ >> 32) * sessions_ >> 32);
}

void TimedLoad::write_segment(rte_mbuf* packet, std::uint32_t session, bool is_new, Instant due) {
  const bool inside = side_ == Side::inside;
  const region::FlowKey key = inside ? forward_key(session) : reply_key(session);
  auto* frame = rte_pktmbuf_mtod(packet, Frame*);
  std::memset(frame, 0, sizeof(*frame));
  frame->ether.dst_addr = kVirtualMac[inside ? kInside : kOutside];
  frame->ether.src_addr = kPeerMac[inside ? kInside : kOutside];
  frame->ether.ether_type = htons(RTE_ETHER_TYPE_IPV4);
  frame->ip.version_ihl = RTE_IPV4_VHL_DEF;
  frame->ip.total_length = htons(kIpBytes);
  frame->ip.time_to_live = 64;
  frame->ip.next_proto_id = IPPROTO_TCP;
  frame->ip.src_addr = key.source_be;
  frame->ip.dst_addr = key.destination_be;
  frame->ip.hdr_checksum = rte_ipv4_cksum(&frame->ip);
  frame->tcp.src_port = key.source_port_be;
  frame->tcp.dst_port = key.destination_port_be;
  frame->tcp.data_off = 5 << 4;
  frame->tcp.tcp_flags = is_new ? RTE_TCP_SYN_FLAG : RTE_TCP_ACK_FLAG | RTE_TCP_PSH_FLAG;
  frame->due_ns = due.count();
  frame->is_new = is_new ? 1 : 0;
  packet->data_len = sizeof(Frame);
  packet->pkt_len = sizeof(Frame);
}

}  // namespace stillwater::bench
