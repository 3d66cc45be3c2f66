// A packet on its way through the nodes, and what a node says about it.
#pragma once

#include <cstdint>

#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "ckpt_engine/region/session_table.h"
#include "dataplane/datapath/drop_reason.h"

namespace stillwater::dataplane {

// Index of a port in the configuration, the same on both nodes. Not a DPDK port id.
using PortIndex = std::uint16_t;
inline constexpr PortIndex kAnyPort = 0xffff;

// Lives for one turn on the worker's stack. Pointers go into the mbuf's first segment.
struct Packet {
  rte_mbuf* mbuf = nullptr;
  PortIndex in_port = 0;
  PortIndex out_port = 0;
  std::uint32_t next_hop_be = 0;  // where on the link of out_port it goes
  bool copy = false;              // another worker has the original
  bool new_session = false;       // only its initiator knows of its session
  bool can_wait = false;          // its receiver does nothing until more comes

  rte_ipv4_hdr* ip = nullptr;
  std::uint8_t* l4 = nullptr;
  std::uint16_t l4_bytes = 0;  // of the first segment, within the IPv4 total length
  std::uint8_t tcp_flags = 0;
  std::uint8_t icmp_type = 0;
  region::FlowKey key{};
  region::SessionTable::Match expected{};  // what a look ahead found; the table may have changed since

  template <class Header>
  [[nodiscard]] Header* l4_as() const {
    return reinterpret_cast<Header*>(l4);
  }
  [[nodiscard]] rte_ether_hdr* ether() const { return rte_pktmbuf_mtod(mbuf, rte_ether_hdr*); }
};

// Where a packet goes after a node.
struct Verdict {
  enum class Kind : std::uint8_t {
    output,  // to packet.out_port and packet.next_hop_be, when its dependency allows
    taken,   // the node keeps the mbuf
    drop,
  };
  Kind kind;
  DropReason reason;

  static constexpr Verdict output() { return {Kind::output, {}}; }
  static constexpr Verdict taken() { return {Kind::taken, {}}; }
  static constexpr Verdict drop(DropReason why) { return {Kind::drop, why}; }
};

}  // namespace stillwater::dataplane
