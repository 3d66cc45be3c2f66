#include "tests/bench/route_source.h"

#include <algorithm>
#include <cstring>

#include <netinet/in.h>

#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

#include "dataplane/datapath/checksum.h"

namespace stillwater::bench {
namespace {

template <class Header>
Header* behind_ether(std::uint8_t* frame) {
  return reinterpret_cast<Header*>(frame + RTE_ETHER_HDR_LEN);
}

}  // namespace

RouteSource::RouteSource(const Load& load) : is_v4_(load.source.is_v4()), frame_bytes_(load.frame_bytes) {
  auto* ether = reinterpret_cast<rte_ether_hdr*>(head_.data());
  ether->dst_addr = load.to;
  ether->src_addr = load.from;
  ether->ether_type = htons(is_v4_ ? RTE_ETHER_TYPE_IPV4 : RTE_ETHER_TYPE_IPV6);
  if (is_v4_) {
    auto* ip = behind_ether<rte_ipv4_hdr>(head_.data());
    ip->version_ihl = RTE_IPV4_VHL_DEF;
    ip->time_to_live = 64;
    ip->next_proto_id = IPPROTO_UDP;
    ip->src_addr = load.source.v4_be();
    sum_ = dataplane::sum_words(ip, sizeof(*ip));
    for (const IpAddress& destination : load.destinations) destinations4_be_.push_back(destination.v4_be());
  } else {
    auto* ip = behind_ether<rte_ipv6_hdr>(head_.data());
    ip->vtc_flow = htonl(6u << 28);
    ip->proto = IPPROTO_UDP;
    ip->hop_limits = 64;
    std::copy(load.source.bytes.begin(), load.source.bytes.end(), ip->src_addr);
    destinations6_ = load.destinations;
  }
}

void RouteSource::write_head(std::uint8_t* to) {
  std::memcpy(to, head_.data(), head_.size());
  const auto l3_bytes = static_cast<std::uint16_t>(length_ - RTE_ETHER_HDR_LEN);
  if (is_v4_) {
    auto* ip = behind_ether<rte_ipv4_hdr>(to);
    ip->total_length = htons(l3_bytes);
    ip->dst_addr = destinations4_be_[next_];
    ip->hdr_checksum = static_cast<std::uint16_t>(
        ~dataplane::fold(sum_ + ip->total_length + (ip->dst_addr & 0xffff) + (ip->dst_addr >> 16)));
    next_ = next_ + 1 == destinations4_be_.size() ? 0 : next_ + 1;
  } else {
    auto* ip = behind_ether<rte_ipv6_hdr>(to);
    ip->payload_len = htons(static_cast<std::uint16_t>(l3_bytes - sizeof(*ip)));
    std::memcpy(ip->dst_addr, &destinations6_[next_], sizeof(ip->dst_addr));
    next_ = next_ + 1 == destinations6_.size() ? 0 : next_ + 1;
  }
}

void RouteSource::write(rte_mbuf** packets, std::uint16_t n) {
  for (std::uint16_t i = 0; i < n; ++i) {
    rte_mbuf& packet = *packets[i];
    length_ = frame_bytes_[next_length_];
    next_length_ = next_length_ + 1 == frame_bytes_.size() ? 0 : next_length_ + 1;
    write_head(rte_pktmbuf_mtod(&packet, std::uint8_t*));
    packet.data_len = length_;
    packet.pkt_len = length_;
  }
}

}  // namespace stillwater::bench
