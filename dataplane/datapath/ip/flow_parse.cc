// The flow of a packet whose IP headers were parsed: IPv4's and IPv6's, by the same reading.
#include <cstddef>
#include <cstring>

#include <netinet/in.h>

#include <rte_esp.h>

#include "dataplane/config.h"
#include "dataplane/datapath/fragments/ipv6_headers.h"
#include "dataplane/datapath/icmp/icmp_types.h"
#include "dataplane/datapath/ip/ipv4_parse.h"
#include "dataplane/datapath/ip/ipv6_parse.h"

namespace stillwater::dataplane {
namespace {

constexpr unsigned kGreHeaderMin = 4;  // RFC 2784 section 2.1

// Ports, flags and type, of what lies at packet.l4; `protocol` and the addresses are there.
template <std::uint8_t kIcmp, std::uint8_t kEchoRequest, std::uint8_t kEchoReply, class Key>
std::optional<DropReason> read_transport(Packet& packet, Key& key) {
  switch (key.protocol) {
    case IPPROTO_TCP: {
      const auto* tcp = packet.l4_as<rte_tcp_hdr>();
      if (packet.l4_bytes < sizeof(*tcp)) return DropReason::truncated;
      const unsigned header_bytes = (tcp->data_off >> 4) * 4u;
      if (header_bytes < sizeof(*tcp) || header_bytes > packet.l4_bytes) return DropReason::bad_header_length;
      key.source_port_be = tcp->src_port;
      key.destination_port_be = tcp->dst_port;
      packet.tcp_flags = tcp->tcp_flags;
      return std::nullopt;
    }
    case IPPROTO_UDP: {
      const auto* udp = packet.l4_as<rte_udp_hdr>();
      if (packet.l4_bytes < sizeof(*udp)) return DropReason::truncated;
      key.source_port_be = udp->src_port;
      key.destination_port_be = udp->dst_port;
      return std::nullopt;
    }
    case kIcmp: {
      const auto* icmp = packet.l4_as<rte_icmp_hdr>();
      if (packet.l4_bytes < sizeof(*icmp)) return DropReason::truncated;
      packet.icmp_type = icmp->icmp_type;
      if (icmp->icmp_type == kEchoRequest || icmp->icmp_type == kEchoReply)
        key.source_port_be = key.destination_port_be = icmp->icmp_ident;
      return std::nullopt;
    }
    case IPPROTO_GRE:
      return packet.l4_bytes < kGreHeaderMin ? std::optional(DropReason::truncated) : std::nullopt;
    case IPPROTO_ESP:
      return packet.l4_bytes < sizeof(rte_esp_hdr) ? std::optional(DropReason::truncated) : std::nullopt;
    default:
      return DropReason::unknown_protocol;
  }
}

}  // namespace

std::optional<DropReason> parse_flow(Packet& packet) {
  region::FlowKey key;
  key.source_be = packet.ip->src_addr;
  key.destination_be = packet.ip->dst_addr;
  key.protocol = packet.ip->next_proto_id;
  if (const auto why = read_transport<IPPROTO_ICMP, icmp4::kEchoRequest, icmp4::kEchoReply>(packet, key))
    return why;
  packet.key = key;
  return std::nullopt;
}

std::optional<DropReason> parse_flow6(Packet& packet) {
  region::FlowKey6 key;
  std::memcpy(key.source.data(), packet.ip6->src_addr, key.source.size());
  std::memcpy(key.destination.data(), packet.ip6->dst_addr, key.destination.size());
  key.protocol = packet.protocol;
  if (const auto why = read_transport<IPPROTO_ICMPV6, icmp6::kEchoRequest, icmp6::kEchoReply>(packet, key))
    return why;
  packet.key6 = key;
  return std::nullopt;
}

std::optional<region::FlowKey6> flow6_at(const std::uint8_t* packet, unsigned bytes) {
  rte_ipv6_hdr ip;
  if (bytes < sizeof(ip)) return std::nullopt;
  std::memcpy(&ip, packet, sizeof(ip));
  Ipv6HeaderWalk walk(packet, bytes);
  if (rte_be_to_cpu_32(ip.vtc_flow) >> 28 != 6 || !walk.find_transport()) return std::nullopt;
  region::FlowKey6 flow;
  std::memcpy(flow.source.data(), ip.src_addr, flow.source.size());
  std::memcpy(flow.destination.data(), ip.dst_addr, flow.destination.size());
  flow.protocol = walk.type();
  const std::uint8_t* transport = packet + walk.at();
  const auto read = [&](unsigned at, std::uint16_t& word) {
    if (walk.left() >= at + sizeof(word)) std::memcpy(&word, transport + at, sizeof(word));
  };
  if (has_ports(flow.protocol)) {
    read(0, flow.source_port_be);
    read(sizeof(flow.source_port_be), flow.destination_port_be);
  } else if (flow.protocol == IPPROTO_ICMPV6) {
    read(offsetof(rte_icmp_hdr, icmp_ident), flow.source_port_be);
    flow.destination_port_be = flow.source_port_be;
  }
  return flow;
}

}  // namespace stillwater::dataplane
