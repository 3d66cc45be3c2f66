#include "tests/bench/established_tcp.h"

#include <algorithm>

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
      segments_(side == Side::inside ? kInside : kOutside, RTE_TCP_ACK_FLAG, TcpFrame::kDataBytesMax),
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
  random_ ^= random_ << 13, random_ ^= random_ >> 7, random_ ^= random_ << 17;
  const auto session = static_cast<std::uint32_t>((random_ >> 32) * sessions_ >> 32);
  const auto key = side_ == Side::inside ? forward_key(session) : reply_key(session);
  segments_.write(*packet, tuple_of(key), 0, 0);
}

void fill_established(const region::Region& region, std::uint32_t sessions, std::uint32_t rule,
                      Nanos region_now, region::FlowKey (*reply_of)(std::uint32_t session)) {
  region::WorkerMarks marks(region::kDataOffset, region.soft_begin(), region.size());
  region::Turn turn(region, marks);
  region::SessionTable table(region, 0);
  for (std::uint32_t i = 0; i < sessions; ++i) {
    turn.begin(0, region_now - 1s * (i % region::SessionSeen::kStepSeconds));
    const std::uint32_t slot = table.insert(turn, forward_key(i), reply_of(i));
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
