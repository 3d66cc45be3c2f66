#include <cstring>
#include <optional>

#include "dataplane/datapath/nodes/nodes.h"

namespace stillwater::dataplane {
namespace {

constexpr std::uint16_t kVlanIdMask = 0x0fff;  // of the tag control information; 0 is a priority tag

// Takes the tag that follows the MAC addresses off the frame. Its control information.
std::uint16_t take_tag(rte_mbuf& frame) {
  auto* ether = rte_pktmbuf_mtod(&frame, std::uint8_t*);
  const auto* tag = reinterpret_cast<const rte_vlan_hdr*>(ether + sizeof(rte_ether_hdr));
  const std::uint16_t control = rte_be_to_cpu_16(tag->vlan_tci);
  std::memmove(ether + sizeof(rte_vlan_hdr), ether, 2 * RTE_ETHER_ADDR_LEN);
  rte_pktmbuf_adj(&frame, sizeof(rte_vlan_hdr));
  return control;
}

// The port or VLAN that the frame is for becomes packet.in_port. A reason: it is for none.
std::optional<DropReason> take_vlan(const Context& context, Packet& packet) {
  rte_mbuf& frame = *packet.mbuf;
  std::uint16_t id = 0;
  if ((frame.ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0) {
    id = frame.vlan_tci & kVlanIdMask;
    frame.ol_flags &= ~RTE_MBUF_F_RX_VLAN_STRIPPED;
  } else if (packet.ether()->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN)) {
    if (rte_pktmbuf_data_len(&frame) < sizeof(rte_ether_hdr) + sizeof(rte_vlan_hdr))
      return DropReason::truncated;
    id = take_tag(frame) & kVlanIdMask;
  }
  if (id == 0) return std::nullopt;
  for (const ServicePort::Vlan& vlan : context.service.ports[packet.in_port].vlans) {
    if (vlan.id != id) continue;
    packet.in_port = vlan.port;
    return std::nullopt;
  }
  return DropReason::vlan_tag;
}

}  // namespace

Verdict ethernet_input(Context& context, Packet& packet) {
  if (rte_pktmbuf_data_len(packet.mbuf) < RTE_ETHER_HDR_LEN) return Verdict::drop(DropReason::truncated);
  if (const auto why = take_vlan(context, packet)) return Verdict::drop(*why);
  const rte_ether_hdr& ether = *packet.ether();
  if (context.service.is_own_mac(ether.src_addr)) {
    context.own_mac_elsewhere = !packet.copy;
    return Verdict::drop(DropReason::own_mac_seen);
  }
  const ServicePort& port = context.service.ports[packet.in_port];
  packet.to_us = rte_is_same_ether_addr(&ether.dst_addr, &port.mac) != 0;
  if (!packet.to_us && rte_is_multicast_ether_addr(&ether.dst_addr) == 0)
    return Verdict::drop(DropReason::not_our_mac);
  switch (rte_be_to_cpu_16(ether.ether_type)) {
    case RTE_ETHER_TYPE_IPV4:
      return packet.to_us ? Verdict::next(Node::ipv4_input) : Verdict::drop(DropReason::not_unicast);
    case RTE_ETHER_TYPE_IPV6:
      if (!context.service.pipeline.has_ipv6) break;
      return Verdict::next(Node::ipv6_input);
    case RTE_ETHER_TYPE_ARP:
      return Verdict::next(Node::arp_input);
    case RTE_ETHER_TYPE_VLAN:
    case RTE_ETHER_TYPE_QINQ:
      return Verdict::drop(DropReason::vlan_tag);
    default:
      break;
  }
  return Verdict::drop(DropReason::unknown_ethertype);
}

}  // namespace stillwater::dataplane
