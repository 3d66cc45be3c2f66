#include "dataplane/datapath/nodes/ip/forward_burst.h"

#include <array>

#include "dataplane/datapath/graph/graph.h"
#include "dataplane/datapath/look_ahead.h"
#include "dataplane/datapath/nodes/ip/flow_choice.h"
#include "dataplane/datapath/nodes/ip/short_way.h"
#include "dataplane/datapath/nodes/ipv4/forward_ipv4.h"

namespace stillwater::dataplane {
namespace {

void pass(rte_ipv4_hdr& ip) { decrement_ttl(ip); }
void pass(rte_ipv6_hdr& ip) { --ip.hop_limits; }
unsigned bytes_of(const rte_ipv4_hdr& ip) { return rte_be_to_cpu_16(ip.total_length); }
unsigned bytes_of(const rte_ipv6_hdr& ip) { return rte_be_to_cpu_16(ip.payload_len) + unsigned{sizeof(ip)}; }
IpAddress destination_of(const rte_ipv4_hdr& ip) { return IpAddress::v4(ip.dst_addr); }
IpAddress destination_of(const rte_ipv6_hdr& ip) { return IpAddress::v6(ip.dst_addr); }

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
  const LinkHeader* link = link_along(context, choose(group, frame), destination_of(ip));
  if (link == nullptr) return false;
  const unsigned bytes = bytes_of(ip);
  if (bytes > link->mtu || !trim(frame, bytes + RTE_ETHER_HDR_LEN)) return false;
  pass(ip);
  send_along(context, *link, frame);
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
    process(context, burst[i], {});
  }
}

}  // namespace stillwater::dataplane
