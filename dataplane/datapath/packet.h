// A packet on its way through the nodes, and what a node says about it.
#pragma once

#include <cstddef>
#include <cstdint>

#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "base/ip_address.h"
#include "ckpt_engine/region/session_table.h"
#include "dataplane/datapath/drop_reason.h"
#include "dataplane/datapath/graph/node.h"

namespace stillwater::dataplane {

// Index of a port, or of a VLAN on one, in the configuration, the same on both nodes. Not a DPDK port id.
using PortIndex = std::uint16_t;
inline constexpr PortIndex kAnyPort = 0xffff;

struct Adjacency;

// Lives for one turn on the worker's stack. Pointers go into the mbuf's first segment.
struct Packet {
  rte_mbuf* mbuf = nullptr;
  PortIndex in_port = 0;
  PortIndex out_port = 0;
  IpAddress next_hop{};      // where on the link of out_port it goes
  bool to_us = false;        // by its destination MAC: else to many
  bool copy = false;         // another worker has the original
  bool new_session = false;  // only its initiator knows of its session
  bool can_wait = false;     // its receiver does nothing until more comes
  bool turned_back = false;  // it came from inside, and comes in again as from outside (nat/session_way.h)

  rte_ipv4_hdr* ip = nullptr;   // of an IPv4 packet
  rte_ipv6_hdr* ip6 = nullptr;  // of an IPv6 packet
  std::uint8_t* l4 =
      nullptr;  // what follows the IP header; of IPv6 the fixed one, while nobody walked the chain
  std::uint16_t l4_bytes = 0;  // of the first segment, within the IP length
  std::uint8_t protocol = 0;   // of what lies at l4: the IANA number
  // Of IPv6: where in the packet `protocol` is said, from its header on.
  std::uint16_t next_header_at = offsetof(rte_ipv6_hdr, proto);
  std::uint8_t tcp_flags = 0;
  std::uint8_t icmp_type = 0;
  const Adjacency* route = nullptr;   // to its destination address
  std::uint64_t depended_before = 0;  // of `turned_back` at another worker: what it depends on since
  region::FlowKey key{};              // of an IPv4 packet
  region::FlowKey6 key6{};            // of an IPv6 packet
  region::SessionMatch session{};     // that it belongs to, of its family
  region::SessionMatch expected{};    // what a look ahead found; the table may have changed since

  template <class Header>
  [[nodiscard]] Header* l4_as() const {
    return reinterpret_cast<Header*>(l4);
  }
  [[nodiscard]] rte_ether_hdr* ether() const { return rte_pktmbuf_mtod(mbuf, rte_ether_hdr*); }
};

// What the sender of a packet is told by ICMP or ICMPv6, as its family numbers it (RFC 792, RFC 4443).
struct IcmpError {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint32_t rest = 0;  // the header's second word, in host byte order: an MTU, a pointer
};

// Where a packet goes after a node.
struct Verdict {
  enum class Kind : std::uint8_t {
    next,    // on to `node`
    output,  // to packet.out_port and packet.next_hop, when its dependency allows
    taken,   // the node keeps the mbuf
    drop,
    refuse,  // dropped, and its sender is told
  };
  Kind kind;
  DropReason reason{};
  Node node{};
  IcmpError error{};

  static constexpr Verdict next(Node node) { return {.kind = Kind::next, .node = node}; }
  static constexpr Verdict output() { return {.kind = Kind::output}; }
  static constexpr Verdict taken() { return {.kind = Kind::taken}; }
  static constexpr Verdict drop(DropReason why) { return {.kind = Kind::drop, .reason = why}; }
  static constexpr Verdict refuse(DropReason why, IcmpError error) {
    return {.kind = Kind::refuse, .reason = why, .error = error};
  }
};

}  // namespace stillwater::dataplane
