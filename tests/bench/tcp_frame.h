// Frames of 64 octets with a TCP segment, written fast.
#pragma once

#include <cstdint>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#include "ckpt_engine/region/session.h"

namespace stillwater::bench {

// Without the CRC. What the segment does not take is padding.
struct TcpFrame {
  static constexpr std::uint16_t kDataBytesMax = 6;

  rte_ether_hdr ether;
  rte_ipv4_hdr ip;
  rte_tcp_hdr tcp;
  std::uint8_t data[kDataBytesMax];
} __attribute__((packed, aligned(2)));
static_assert(sizeof(TcpFrame) == 60);

// The frame, where the packet is one; null: it is something else, ARP say.
[[nodiscard]] const TcpFrame* tcp_frame_in(const rte_mbuf& packet);

// Whence and whither, as on the wire.
struct TcpTuple {
  std::uint32_t source_be;
  std::uint32_t destination_be;
  std::uint16_t source_port_be;
  std::uint16_t destination_port_be;
};
[[nodiscard]] inline TcpTuple tuple_of(const region::FlowKey& key) {
  return {key.source_be, key.destination_be, key.source_port_be, key.destination_port_be};
}

// Segments that one side sends, alike but for their tuple and their numbers. TCP's checksum is 0: who
// forwards does not look at it.
class TcpSegments {
 public:
  // `side`: kInside or kOutside, whose peer sends and whose virtual MAC receives.
  TcpSegments(unsigned side, std::uint8_t flags, std::uint16_t data_bytes);

  // Whatever lies in the buffer.
  void write(rte_mbuf& packet, const TcpTuple& tuple, std::uint32_t sequence,
             std::uint32_t acknowledged) const;

 private:
  TcpFrame head_{};
  std::uint32_t sum_;  // of the IPv4 header without addresses
};

}  // namespace stillwater::bench
