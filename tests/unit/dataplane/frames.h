// Frames for tests, with full checksums.
#pragma once

#include <cstdint>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <rte_icmp.h>
#include <rte_tcp.h>

#include "dataplane/datapath/checksum.h"
#include "dataplane/datapath/output/arp_frames.h"
#include "dataplane/datapath/packet.h"
#include "tests/unit/dpdk/ring_port.h"

namespace stillwater::dataplane {

constexpr std::uint32_t ipv4(unsigned a, unsigned b, unsigned c, unsigned d) {
  return a << 24 | b << 16 | c << 8 | d;
}

inline rte_ether_addr mac(std::uint8_t last) { return {{0x02, 0x53, 0x57, 0, 0, last}}; }

// Who has `target`? Addresses in host byte order.
inline Bytes arp_request(std::uint8_t sender_mac, std::uint32_t sender, std::uint32_t target) {
  Bytes frame(kArpFrameBytes);
  rte_mbuf mbuf{};
  mbuf.buf_addr = frame.data();
  mbuf.buf_len = static_cast<std::uint16_t>(frame.size());
  mbuf.nb_segs = 1;
  write_arp_request(mbuf, mac(sender_mac), htonl(sender), htonl(target));
  return frame;
}

struct UdpFlow {
  std::uint32_t source;
  std::uint32_t destination;
  std::uint16_t source_port;
  std::uint16_t destination_port;
  friend bool operator==(const UdpFlow&, const UdpFlow&) = default;
};

inline Bytes udp_frame(std::uint8_t from_mac, std::uint8_t to_mac, const UdpFlow& flow) {
  Bytes frame(RTE_ETHER_HDR_LEN + sizeof(rte_ipv4_hdr) + sizeof(rte_udp_hdr) + 8, 0x11);
  auto* ether = reinterpret_cast<rte_ether_hdr*>(frame.data());
  ether->src_addr = mac(from_mac);
  ether->dst_addr = mac(to_mac);
  ether->ether_type = htons(RTE_ETHER_TYPE_IPV4);
  auto* header = reinterpret_cast<rte_ipv4_hdr*>(ether + 1);
  *header = rte_ipv4_hdr{};
  header->version_ihl = 0x45;
  header->total_length = htons(static_cast<std::uint16_t>(frame.size() - RTE_ETHER_HDR_LEN));
  header->time_to_live = 64;
  header->next_proto_id = IPPROTO_UDP;
  header->src_addr = htonl(flow.source);
  header->dst_addr = htonl(flow.destination);
  header->hdr_checksum = checksum_of(header, sizeof(*header));
  auto* udp = reinterpret_cast<rte_udp_hdr*>(header + 1);
  udp->src_port = htons(flow.source_port);
  udp->dst_port = htons(flow.destination_port);
  udp->dgram_len = htons(sizeof(rte_udp_hdr) + 8);
  udp->dgram_cksum = 0;
  return frame;
}

// The same frame as the first fragment of a datagram that goes on.
inline Bytes first_fragment(Bytes frame) {
  auto* header = reinterpret_cast<rte_ipv4_hdr*>(&frame[RTE_ETHER_HDR_LEN]);
  header->fragment_offset = htons(RTE_IPV4_HDR_MF_FLAG);
  header->hdr_checksum = 0;
  header->hdr_checksum = checksum_of(header, sizeof(*header));
  return frame;
}

// Destination unreachable, quoting the packet of `about`. `outer` says from whom to whom; without ports.
inline Bytes icmp_error(std::uint8_t from_mac, std::uint8_t to_mac, const UdpFlow& outer,
                        const UdpFlow& about) {
  Bytes frame = udp_frame(from_mac, to_mac, outer);
  const Bytes quoted = udp_frame(from_mac, to_mac, about);
  frame.resize(RTE_ETHER_HDR_LEN + sizeof(rte_ipv4_hdr) + sizeof(rte_icmp_hdr), 0);
  frame.insert(frame.end(), quoted.begin() + RTE_ETHER_HDR_LEN, quoted.end());
  auto* header = reinterpret_cast<rte_ipv4_hdr*>(&frame[RTE_ETHER_HDR_LEN]);
  header->next_proto_id = IPPROTO_ICMP;
  header->total_length = htons(static_cast<std::uint16_t>(frame.size() - RTE_ETHER_HDR_LEN));
  header->hdr_checksum = 0;
  header->hdr_checksum = checksum_of(header, sizeof(*header));
  auto* icmp = reinterpret_cast<rte_icmp_hdr*>(header + 1);
  *icmp = rte_icmp_hdr{};
  icmp->icmp_type = 3;
  icmp->icmp_cksum = checksum_of(icmp, frame.size() - RTE_ETHER_HDR_LEN - sizeof(*header));
  return frame;
}

inline constexpr std::uint8_t kSyn = RTE_TCP_SYN_FLAG, kAck = RTE_TCP_ACK_FLAG, kPush = RTE_TCP_PSH_FLAG,
                              kFin = RTE_TCP_FIN_FLAG, kRst = RTE_TCP_RST_FLAG;

// A TCP segment; the payload is zeroes.
struct Segment {
  std::uint8_t flags;
  std::uint32_t seq;
  std::uint32_t ack = 0;
  std::uint16_t payload = 0;
  std::uint16_t window = 0xffff;
};

inline Bytes tcp_frame(std::uint8_t from_mac, std::uint8_t to_mac, const UdpFlow& flow,
                       const Segment& segment) {
  Bytes frame = udp_frame(from_mac, to_mac, flow);
  frame.resize(RTE_ETHER_HDR_LEN + sizeof(rte_ipv4_hdr) + sizeof(rte_tcp_hdr) + segment.payload, 0);
  auto* header = reinterpret_cast<rte_ipv4_hdr*>(&frame[RTE_ETHER_HDR_LEN]);
  header->next_proto_id = IPPROTO_TCP;
  header->total_length = htons(static_cast<std::uint16_t>(frame.size() - RTE_ETHER_HDR_LEN));
  header->hdr_checksum = 0;
  header->hdr_checksum = checksum_of(header, sizeof(*header));
  auto* tcp = reinterpret_cast<rte_tcp_hdr*>(header + 1);
  *tcp = rte_tcp_hdr{};
  tcp->src_port = htons(flow.source_port);
  tcp->dst_port = htons(flow.destination_port);
  tcp->sent_seq = htonl(segment.seq);
  tcp->recv_ack = htonl(segment.ack);
  tcp->data_off = 5 << 4;
  tcp->tcp_flags = segment.flags;
  tcp->rx_win = htons(segment.window);
  return frame;
}

inline bool is_icmp(const Bytes& frame) {
  return frame.size() > 34 && frame[12] == 0x08 && frame[13] == 0x00 && frame[23] == IPPROTO_ICMP;
}

inline bool is_udp(const Bytes& frame) {
  return frame.size() > 34 && frame[12] == 0x08 && frame[13] == 0x00 && frame[23] == IPPROTO_UDP;
}

// Of the IPv4 header at `offset`, by default the frame's own.
inline UdpFlow flow_of(const Bytes& frame, std::size_t offset = RTE_ETHER_HDR_LEN) {
  const auto* header = reinterpret_cast<const rte_ipv4_hdr*>(&frame[offset]);
  const auto* udp = reinterpret_cast<const rte_udp_hdr*>(header + 1);
  return {ntohl(header->src_addr), ntohl(header->dst_addr), ntohs(udp->src_port), ntohs(udp->dst_port)};
}

// Of the packet that an ICMP error quotes.
inline UdpFlow quoted_by(const Bytes& error) {
  return flow_of(error, RTE_ETHER_HDR_LEN + sizeof(rte_ipv4_hdr) + sizeof(rte_icmp_hdr));
}

}  // namespace stillwater::dataplane
