#include "dataplane/datapath/nodes/link/learn.h"
#include "dataplane/datapath/nodes/nodes.h"
#include "dataplane/datapath/output/arp_frames.h"
#include "dataplane/datapath/output/send.h"

namespace stillwater::dataplane {
namespace {

bool is_ipv4_on_ethernet(const rte_arp_hdr& arp) {
  return arp.arp_hardware == rte_cpu_to_be_16(RTE_ARP_HRD_ETHER) &&
         arp.arp_protocol == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4) && arp.arp_hlen == RTE_ETHER_ADDR_LEN &&
         arp.arp_plen == sizeof(std::uint32_t) && rte_is_unicast_ether_addr(&arp.arp_data.arp_sha) &&
         !rte_is_zero_ether_addr(&arp.arp_data.arp_sha);
}

}  // namespace

Verdict arp_input(Context& context, Packet& packet) {
  if (rte_pktmbuf_data_len(packet.mbuf) < kArpFrameBytes) return Verdict::drop(DropReason::arp_malformed);
  const auto& arp = *reinterpret_cast<const rte_arp_hdr*>(packet.ether() + 1);
  if (!is_ipv4_on_ethernet(arp)) return Verdict::drop(DropReason::arp_malformed);
  const ServicePort& port = context.service.ports[packet.in_port];
  const std::uint32_t sender_be = arp.arp_data.arp_sip;
  if (port.owns(sender_be)) {
    if (packet.copy) return Verdict::drop(DropReason::arp_done);
    context.own_mac_elsewhere = true;
    return Verdict::drop(DropReason::arp_conflict);
  }
  const bool for_us = port.owns(arp.arp_data.arp_tip);
  const bool is_request = arp.arp_opcode == rte_cpu_to_be_16(RTE_ARP_OP_REQUEST);
  const IpAddress sender = IpAddress::v4(sender_be);
  if (port.on_link(sender_be)) {
    const bool asked_for = is_asked_for(context, packet.in_port, sender);
    const bool known = context.state.neighbours.find(packet.in_port, sender) != nullptr;
    if (asked_for || known || (is_request && for_us))
      learn(context, packet.in_port, sender, arp.arp_data.arp_sha);
    else if (!is_request && !packet.copy)
      return Verdict::drop(DropReason::arp_unasked);
  }
  if (!is_request || packet.copy) return Verdict::drop(DropReason::arp_done);
  if (!for_us) return Verdict::drop(DropReason::arp_not_for_us);
  if (const unsigned excess = rte_pktmbuf_pkt_len(packet.mbuf) - kArpFrameBytes; excess != 0)
    (void)rte_pktmbuf_trim(packet.mbuf, static_cast<std::uint16_t>(excess));
  turn_into_arp_reply(*packet.mbuf, port.mac);
  send_frame(context, packet.in_port, packet.mbuf);
  return Verdict::taken();
}

}  // namespace stillwater::dataplane
