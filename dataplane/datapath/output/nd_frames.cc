#include "dataplane/datapath/output/nd_frames.h"

#include <cstring>

#include "dataplane/datapath/icmp/icmp6_message.h"
#include "dataplane/datapath/icmp/icmp_types.h"

namespace stillwater::dataplane {
namespace {

// The message's target address, and an option with our MAC.
void append_target(rte_mbuf& frame, const IpAddress& target, std::uint8_t option, const rte_ether_addr& mac) {
  constexpr std::uint8_t kOptionBytes = 8;
  auto* at = reinterpret_cast<std::uint8_t*>(rte_pktmbuf_append(&frame, sizeof(target) + kOptionBytes));
  std::memcpy(at, &target, sizeof(target));
  at += sizeof(target);
  at[0] = option;
  at[1] = kOptionBytes / 8;
  std::memcpy(at + 2, &mac, sizeof(mac));
}

void finish(rte_mbuf& frame, const rte_ether_addr& from, const rte_ether_addr& to) {
  finish_icmp6(frame, kLinkHopLimit);
  auto* ether = rte_pktmbuf_mtod(&frame, rte_ether_hdr*);
  ether->src_addr = from;
  ether->dst_addr = to;
}

}  // namespace

IpAddress solicited_node(const IpAddress& address) {
  IpAddress group{{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff}};
  std::copy(address.bytes.begin() + 13, address.bytes.end(), group.bytes.begin() + 13);
  return group;
}

rte_ether_addr multicast_mac(const IpAddress& group) {
  rte_ether_addr mac{{0x33, 0x33}};
  std::copy(group.bytes.begin() + 12, group.bytes.end(), mac.addr_bytes + 2);
  return mac;
}

void write_neighbour_solicitation(rte_mbuf& frame, const rte_ether_addr& mac, const IpAddress& source,
                                  const IpAddress& target, const rte_ether_addr* known) {
  const IpAddress destination = known == nullptr ? solicited_node(target) : target;
  begin_icmp6(frame, source, destination, icmp6::kNeighbourSolicitation, 0);
  append_target(frame, target, kSourceLinkOption, mac);
  finish(frame, mac, known == nullptr ? multicast_mac(destination) : *known);
}

void write_neighbour_advertisement(rte_mbuf& frame, const rte_ether_addr& mac, const IpAddress& target,
                                   const IpAddress& destination, const rte_ether_addr& destination_mac,
                                   std::uint8_t flags) {
  begin_icmp6(frame, target, destination, icmp6::kNeighbourAdvertisement, 0)[4] =
      static_cast<std::uint8_t>(kRouterFlag | flags);
  append_target(frame, target, kTargetLinkOption, mac);
  finish(frame, mac, destination_mac);
}

}  // namespace stillwater::dataplane
