#include "dataplane/datapath/nodes/ip/forward_burst.h"

#include <array>
#include <cstring>

#include "dataplane/datapath/graph/graph.h"
#include "dataplane/datapath/ip/ipv4_parse.h"
#include "dataplane/datapath/look_ahead.h"
#include "dataplane/datapath/nodes/ip/flow_choice.h"
#include "dataplane/datapath/nodes/ipv4/forward_ipv4.h"

namespace stillwater::dataplane {
namespace {

constexpr std::uint64_t kMacMask = (std::uint64_t{1} << 48) - 1;

std::uint64_t word_at(const void* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

// To this port's MAC, from one station that is not us, and of `ethertype_be`.
bool is_plain_frame(const Service& service, const ServicePort& port, const rte_mbuf& frame,
                    std::uint16_t& ethertype_be) {
  const auto* bytes = rte_pktmbuf_mtod(&frame, const std::uint8_t*);
  const std::uint64_t to = word_at(bytes);
  const std::uint64_t from = word_at(bytes + RTE_ETHER_ADDR_LEN);
  ethertype_be = static_cast<std::uint16_t>(from >> 48);
  const bool odd = (frame.ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0 || (from & 1) != 0;
  return (to & kMacMask) == port.mac_word && !odd && !service.own_macs.may_contain(from & kMacMask);
}

bool is_plain(const Service& service, const rte_mbuf& frame, const rte_ipv4_hdr& ip) {
  const unsigned total = rte_be_to_cpu_16(ip.total_length);
  const unsigned in_frame = rte_pktmbuf_pkt_len(&frame) - RTE_ETHER_HDR_LEN;
  return ip.version_ihl == RTE_IPV4_VHL_DEF && total >= sizeof(ip) && total <= in_frame &&
         ip.time_to_live > 1 && !is_martian(ip.src_addr) && !is_martian(ip.dst_addr) &&
         !service.own.may_contain4(ip.src_addr) && rte_raw_cksum(&ip, sizeof(ip)) == 0xffff;
}

// Global unicast (2000::/3) alone.
bool is_plain(const Service& service, const rte_mbuf& frame, const rte_ipv6_hdr& ip) {
  const unsigned total = rte_be_to_cpu_16(ip.payload_len) + unsigned{sizeof(ip)};
  return (ip.vtc_flow & rte_cpu_to_be_32(0xf0000000u)) == rte_cpu_to_be_32(0x60000000u) &&
         total <= rte_pktmbuf_pkt_len(&frame) - RTE_ETHER_HDR_LEN && ip.hop_limits > 1 &&
         (ip.src_addr[0] & 0xe0) == 0x20 && (ip.dst_addr[0] & 0xe0) == 0x20 &&
         !service.own.may_contain6(IpAddress::v6(ip.src_addr));
}

void pass(rte_ipv4_hdr& ip) { decrement_ttl(ip); }
void pass(rte_ipv6_hdr& ip) { --ip.hop_limits; }
unsigned bytes_of(const rte_ipv4_hdr& ip) { return rte_be_to_cpu_16(ip.total_length); }
unsigned bytes_of(const rte_ipv6_hdr& ip) { return rte_be_to_cpu_16(ip.payload_len) + unsigned{sizeof(ip)}; }
IpAddress destination_of(const rte_ipv4_hdr& ip) { return IpAddress::v4(ip.dst_addr); }
IpAddress destination_of(const rte_ipv6_hdr& ip) { return IpAddress::v6(ip.dst_addr); }

template <class Header>
Header& header_of(rte_mbuf& frame) {
  return *rte_pktmbuf_mtod_offset(&frame, Header*, RTE_ETHER_HDR_LEN);
}

// Link padding goes, as on the long way. False: it lies in a chain.
bool trim(rte_mbuf& frame, unsigned bytes) {
  if (frame.pkt_len == bytes) return true;
  if (frame.nb_segs != 1) return false;
  frame.pkt_len = bytes;
  frame.data_len = static_cast<std::uint16_t>(bytes);
  return true;
}

// Of one family, in the order of the burst: where they go.
template <class Address>
struct Candidates {
  std::array<Address, kLookAhead> destinations;
  Fib::Indices groups;
  unsigned count = 0;
  unsigned next = 0;

  void look_up(const Fib& fib) {
    if (count != 0) fib.lookup_burst(destinations.data(), count, groups);
  }
};

template <class Header>
bool forward_one(Context& context, rte_mbuf& frame, const AdjacencyGroup& group) {
  auto& ip = header_of<Header>(frame);
  const Adjacency& adjacency = choose(group, frame);
  LinkHeader found;
  const LinkHeader* link = nullptr;
  if (adjacency.kind == Adjacency::Kind::via)
    link = context.output.rewrites().find(adjacency);
  else if (adjacency.kind == Adjacency::Kind::connected &&
           context.output.rewrites().find(adjacency.port, destination_of(ip), found))
    link = &found;
  if (link == nullptr) return false;
  const unsigned bytes = bytes_of(ip);
  if (bytes > link->mtu || !trim(frame, bytes + RTE_ETHER_HDR_LEN)) return false;
  pass(ip);
  link->write_to(frame);
  context.output.send_untagged(link->device, &frame);
  return true;
}

enum class Way : std::uint8_t { through_the_nodes, ipv4, ipv6 };

Way way_of(const Context& context, const Received& received) {
  const rte_mbuf& frame = *received.mbuf;
  const unsigned bytes = rte_pktmbuf_data_len(&frame);
  std::uint16_t ethertype_be;
  if (received.copy || bytes < RTE_ETHER_HDR_LEN + sizeof(rte_ipv4_hdr) ||
      !is_plain_frame(context.service, context.service.ports[received.port], frame, ethertype_be))
    return Way::through_the_nodes;
  if (ethertype_be == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4))
    return is_plain(context.service, frame, header_of<rte_ipv4_hdr>(*received.mbuf)) ? Way::ipv4
                                                                                     : Way::through_the_nodes;
  const bool is_ipv6 = ethertype_be == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6) &&
                       bytes >= RTE_ETHER_HDR_LEN + sizeof(rte_ipv6_hdr) &&
                       is_plain(context.service, frame, header_of<rte_ipv6_hdr>(*received.mbuf));
  return is_ipv6 ? Way::ipv6 : Way::through_the_nodes;
}

}  // namespace

void forward_burst(Context& context, std::span<const Received> burst) {
  std::array<Way, kLookAhead> ways;
  Candidates<std::uint32_t> v4;
  Candidates<IpAddress> v6;
  for (std::size_t i = 0; i < burst.size(); ++i) {
    ways[i] = way_of(context, burst[i]);
    if (ways[i] == Way::ipv4)
      v4.destinations[v4.count++] = header_of<rte_ipv4_hdr>(*burst[i].mbuf).dst_addr;
    else if (ways[i] == Way::ipv6)
      v6.destinations[v6.count++] = destination_of(header_of<rte_ipv6_hdr>(*burst[i].mbuf));
  }
  v4.look_up(context.fib());
  v6.look_up(context.fib());
  for (std::size_t i = 0; i < burst.size(); ++i) {
    rte_mbuf& frame = *burst[i].mbuf;
    const Fib& fib = context.fib();
    if (ways[i] == Way::ipv4 && forward_one<rte_ipv4_hdr>(context, frame, fib.group(v4.groups[v4.next++])))
      continue;
    if (ways[i] == Way::ipv6 && forward_one<rte_ipv6_hdr>(context, frame, fib.group(v6.groups[v6.next++])))
      continue;
    Packet packet{.mbuf = &frame, .in_port = burst[i].port, .copy = burst[i].copy};
    process(context, packet);
  }
}

}  // namespace stillwater::dataplane
