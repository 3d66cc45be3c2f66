#include "dataplane/datapath/nodes/nodes.h"

namespace stillwater::dataplane {

Verdict ethernet_input(Context& context, Packet& packet) {
  const rte_mbuf& mbuf = *packet.mbuf;
  if (rte_pktmbuf_data_len(&mbuf) < RTE_ETHER_HDR_LEN) return Verdict::drop(DropReason::truncated);
  if ((mbuf.ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0) return Verdict::drop(DropReason::vlan_tag);
  const rte_ether_hdr& ether = *packet.ether();
  if (context.service.is_own_mac(ether.src_addr)) {
    context.own_mac_elsewhere = !packet.copy;
    return Verdict::drop(DropReason::own_mac_seen);
  }
  const ServicePort& port = context.service.ports[packet.in_port];
  const bool to_us = rte_is_same_ether_addr(&ether.dst_addr, &port.mac) != 0;
  const bool to_many = rte_is_multicast_ether_addr(&ether.dst_addr) != 0;
  if (!to_us && !to_many) return Verdict::drop(DropReason::not_our_mac);
  switch (rte_be_to_cpu_16(ether.ether_type)) {
    case RTE_ETHER_TYPE_IPV4:
      return to_us ? ipv4_input(context, packet) : Verdict::drop(DropReason::not_unicast);
    case RTE_ETHER_TYPE_ARP:
      return arp_input(context, packet);
    case RTE_ETHER_TYPE_VLAN:
    case RTE_ETHER_TYPE_QINQ:
      return Verdict::drop(DropReason::vlan_tag);
    default:
      return Verdict::drop(DropReason::unknown_ethertype);
  }
}

}  // namespace stillwater::dataplane
