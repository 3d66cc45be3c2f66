// IP packets of both families with options and extension headers, and buffers to give them away in.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <rte_ip.h>

#include "dataplane/datapath/checksum.h"
#include "dataplane/datapath/packet_pool.h"
#include "tests/unit/dataplane/frames.h"
#include "tests/unit/random.h"

namespace stillwater::dataplane {

// A worker's buffers without a worker. At its end all of them are back, and its agent knows.
struct Buffers {
  // As received: in segments of `segment_bytes`.
  [[nodiscard]] rte_mbuf* frame(const Bytes& bytes, std::size_t segment_bytes = RTE_MBUF_DEFAULT_DATAROOM) {
    rte_mbuf* head = nullptr;
    for (std::size_t at = 0; at < bytes.size(); at += segment_bytes) {
      rte_mbuf* segment = rte_pktmbuf_alloc(buffers.pool());
      if (segment == nullptr) throw std::runtime_error("no test buffer is free");
      const std::size_t n = std::min(segment_bytes, bytes.size() - at);
      std::copy_n(
          &bytes[at], n,
          reinterpret_cast<std::uint8_t*>(rte_pktmbuf_append(segment, static_cast<std::uint16_t>(n))));
      if (head == nullptr)
        head = segment;
      else if (rte_pktmbuf_chain(head, segment) != 0)
        throw std::runtime_error("too many segments");
    }
    agent.adopt(1);
    return head;
  }
  void free(rte_mbuf* mbuf) { agent.free(&mbuf, 1); }
  [[nodiscard]] std::uint64_t dropped(DropReason why) { return pool.drops()[static_cast<std::size_t>(why)]; }
  [[nodiscard]] bool all_back() const {
    return buffers.in_use() == 0 && agent.in_flight() == 0 && agent.held() == 0;
  }

  TestBuffers buffers;
  quiesce::WorkerGate gate;
  quiesce::InterfaceAgent agent{gate, {}};
  PacketPool pool{agent, buffers.pool()};
};

inline Bytes bytes_of(const rte_mbuf& mbuf) {
  Bytes bytes;
  for (const rte_mbuf* segment = &mbuf; segment != nullptr; segment = segment->next) {
    const auto* data = rte_pktmbuf_mtod(segment, const std::uint8_t*);
    bytes.insert(bytes.end(), data, data + segment->data_len);
  }
  return bytes;
}

inline Bytes random_bytes(Random& random, std::size_t n) {
  Bytes bytes(n);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

inline Bytes ethernet_header(std::uint16_t ethertype) {
  Bytes bytes(RTE_ETHER_HDR_LEN);
  auto* ether = reinterpret_cast<rte_ether_hdr*>(bytes.data());
  ether->dst_addr = mac(1);
  ether->src_addr = mac(2);
  ether->ether_type = htons(ethertype);
  return bytes;
}

struct Ipv4Packet {
  Bytes payload{};
  std::uint16_t offset = 0;  // in bytes
  bool more = false;
  std::uint16_t identification = 77;
  std::uint32_t source = ipv4(10, 80, 1, 2);
  std::uint8_t protocol = IPPROTO_UDP;
  std::uint8_t tos = 0;
  Bytes options{};  // a multiple of 4 bytes
};

inline void seal(rte_ipv4_hdr& ip) {
  ip.hdr_checksum = 0;
  ip.hdr_checksum = checksum_of(&ip, (ip.version_ihl & 0xfu) * 4u);
}

inline Bytes frame_of(const Ipv4Packet& packet) {
  Bytes frame = ethernet_header(RTE_ETHER_TYPE_IPV4);
  rte_ipv4_hdr ip{};
  const std::size_t header_bytes = sizeof(ip) + packet.options.size();
  ip.version_ihl = static_cast<std::uint8_t>(0x40 | header_bytes / 4);
  ip.type_of_service = packet.tos;
  ip.total_length = htons(static_cast<std::uint16_t>(header_bytes + packet.payload.size()));
  ip.packet_id = htons(packet.identification);
  ip.fragment_offset =
      htons(static_cast<std::uint16_t>(packet.offset / 8 | (packet.more ? RTE_IPV4_HDR_MF_FLAG : 0)));
  ip.time_to_live = 64;
  ip.next_proto_id = packet.protocol;
  ip.src_addr = htonl(packet.source);
  ip.dst_addr = htonl(ipv4(10, 80, 1, 1));
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&ip);
  frame.insert(frame.end(), bytes, bytes + sizeof(ip));
  frame.insert(frame.end(), packet.options.begin(), packet.options.end());
  seal(*reinterpret_cast<rte_ipv4_hdr*>(&frame[RTE_ETHER_HDR_LEN]));
  frame.insert(frame.end(), packet.payload.begin(), packet.payload.end());
  return frame;
}

inline const rte_ipv4_hdr& ipv4_header(const Bytes& frame) {
  return *reinterpret_cast<const rte_ipv4_hdr*>(&frame[RTE_ETHER_HDR_LEN]);
}

// What follows next header and length in an extension header: 6 bytes and 8 more each step.
struct Extension {
  std::uint8_t type;
  Bytes body;
};

struct Ipv6Packet {
  Bytes payload{};
  std::vector<Extension> extensions{};
  std::uint8_t next = IPPROTO_UDP;  // behind the extensions
  std::uint8_t traffic_class = 0;
  std::array<std::uint8_t, 16> source{0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};
};

inline Bytes frame_of(const Ipv6Packet& packet) {
  Bytes behind;
  for (std::size_t i = 0; i < packet.extensions.size(); ++i) {
    const Extension& extension = packet.extensions[i];
    behind.push_back(i + 1 < packet.extensions.size() ? packet.extensions[i + 1].type : packet.next);
    behind.push_back(extension.type == IPPROTO_FRAGMENT
                         ? std::uint8_t{0}
                         : static_cast<std::uint8_t>((extension.body.size() + 2) / 8 - 1));
    behind.insert(behind.end(), extension.body.begin(), extension.body.end());
  }
  behind.insert(behind.end(), packet.payload.begin(), packet.payload.end());
  rte_ipv6_hdr ip{};
  ip.vtc_flow = htonl(0x60012345u | std::uint32_t{packet.traffic_class} << RTE_IPV6_HDR_TC_SHIFT);
  ip.payload_len = htons(static_cast<std::uint16_t>(behind.size()));
  ip.proto = packet.extensions.empty() ? packet.next : packet.extensions.front().type;
  ip.hop_limits = 64;
  std::copy(packet.source.begin(), packet.source.end(), ip.src_addr);
  ip.dst_addr[0] = 0x20;
  ip.dst_addr[15] = 1;
  Bytes frame = ethernet_header(RTE_ETHER_TYPE_IPV6);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&ip);
  frame.insert(frame.end(), bytes, bytes + sizeof(ip));
  frame.insert(frame.end(), behind.begin(), behind.end());
  return frame;
}

inline Extension fragment_header(std::uint16_t offset, bool more, std::uint32_t identification = 0xfeed) {
  const auto word = static_cast<std::uint16_t>((offset & ~7u) | (more ? 1u : 0u));
  return {IPPROTO_FRAGMENT,
          {static_cast<std::uint8_t>(word >> 8), static_cast<std::uint8_t>(word),
           static_cast<std::uint8_t>(identification >> 24), static_cast<std::uint8_t>(identification >> 16),
           static_cast<std::uint8_t>(identification >> 8), static_cast<std::uint8_t>(identification)}};
}

inline const rte_ipv6_hdr& ipv6_header(const Bytes& frame) {
  return *reinterpret_cast<const rte_ipv6_hdr*>(&frame[RTE_ETHER_HDR_LEN]);
}

}  // namespace stillwater::dataplane
