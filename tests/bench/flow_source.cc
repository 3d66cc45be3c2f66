#include "tests/bench/flow_source.h"

#include <cstring>

#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "tests/bench/network.h"

namespace stillwater::bench {
namespace {

constexpr std::uint16_t kFirstPort = 1024;
constexpr std::uint32_t kPorts = 60'000;

}  // namespace

void FlowSource::attach(std::uint16_t port) {
  port_ = port;
  callback_ = rte_eth_add_rx_callback(port, 0, &FlowSource::fill, this);
}

void FlowSource::detach() { rte_eth_remove_rx_callback(port_, 0, callback_); }

std::uint16_t FlowSource::fill(std::uint16_t, std::uint16_t, rte_mbuf** packets, std::uint16_t n,
                               std::uint16_t, void* self) {
  auto& source = *static_cast<FlowSource*>(self);
  for (std::uint16_t i = 0; i < n; ++i) {
    if (!source.greeted_) {
      source.greeted_ = true;
      write_greeting(packets[i], source.side_ == Side::inside ? kInside : kOutside);
    } else {
      source.write_udp(packets[i]);
    }
  }
  source.packets_.fetch_add(n, std::memory_order_relaxed);
  return n;
}

// Established flows are one client's, so that their NAT ports are the clients' own and replies can be made
// without looking; new flows come from other clients.
void FlowSource::next_tuple(std::uint32_t& host, std::uint16_t& port) {
  if (side_ == Side::inside) {
    credit_ += new_per_million_.load(std::memory_order_relaxed);
    if (credit_ >= 1'000'000) {
      credit_ -= 1'000'000;
      ++fresh_;
      host = kClientNet + 0x100 + (fresh_ / kPorts) % 0xf000;
      port = static_cast<std::uint16_t>(kFirstPort + fresh_ % kPorts);
      return;
    }
  }
  host = kClientNet + 2;
  port = static_cast<std::uint16_t>(kFirstPort + next_);
  next_ = next_ + 1 == flows_ ? 0 : next_ + 1;
}

void FlowSource::write_udp(rte_mbuf* packet) {
  struct Frame {
    rte_ether_hdr ether;
    rte_ipv4_hdr ip;
    rte_udp_hdr udp;
  } __attribute__((packed, aligned(2))) frame{};
  const bool inside = side_ == Side::inside;
  std::uint32_t host = 0;
  std::uint16_t port = 0;
  next_tuple(host, port);
  frame.ether.dst_addr = kVirtualMac[inside ? kInside : kOutside];
  frame.ether.src_addr = kPeerMac[inside ? kInside : kOutside];
  frame.ether.ether_type = htons(RTE_ETHER_TYPE_IPV4);
  frame.ip.version_ihl = RTE_IPV4_VHL_DEF;
  frame.ip.total_length = htons(46);
  frame.ip.time_to_live = 64;
  frame.ip.next_proto_id = IPPROTO_UDP;
  frame.ip.src_addr = htonl(inside ? host : kServerHost);
  frame.ip.dst_addr = htonl(inside ? kServerHost : kOutsideAddress);
  frame.ip.hdr_checksum = rte_ipv4_cksum(&frame.ip);
  frame.udp.src_port = htons(inside ? port : 9000);
  frame.udp.dst_port = htons(inside ? 9000 : port);
  frame.udp.dgram_len = htons(26);
  std::memcpy(rte_pktmbuf_mtod(packet, void*), &frame, sizeof(frame));
  packet->data_len = 60;
  packet->pkt_len = 60;
}

}  // namespace stillwater::bench
