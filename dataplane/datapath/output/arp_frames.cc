#include "dataplane/datapath/output/arp_frames.h"

#include <cstring>

namespace stillwater::dataplane {

void write_arp_request(rte_mbuf& frame, const rte_ether_addr& mac, std::uint32_t source_be,
                       std::uint32_t target_be, const rte_ether_addr* known) {
  auto* ether = reinterpret_cast<rte_ether_hdr*>(rte_pktmbuf_append(&frame, kArpFrameBytes));
  std::memset(&ether->dst_addr, 0xff, sizeof(ether->dst_addr));
  if (known != nullptr) ether->dst_addr = *known;
  ether->src_addr = mac;
  ether->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP);
  auto* arp = reinterpret_cast<rte_arp_hdr*>(ether + 1);
  arp->arp_hardware = rte_cpu_to_be_16(RTE_ARP_HRD_ETHER);
  arp->arp_protocol = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
  arp->arp_hlen = RTE_ETHER_ADDR_LEN;
  arp->arp_plen = sizeof(std::uint32_t);
  arp->arp_opcode = rte_cpu_to_be_16(RTE_ARP_OP_REQUEST);
  arp->arp_data.arp_sha = mac;
  arp->arp_data.arp_sip = source_be;
  arp->arp_data.arp_tha = rte_ether_addr{};
  arp->arp_data.arp_tip = target_be;
}

void turn_into_arp_reply(rte_mbuf& frame, const rte_ether_addr& mac) {
  auto* ether = rte_pktmbuf_mtod(&frame, rte_ether_hdr*);
  auto* arp = reinterpret_cast<rte_arp_hdr*>(ether + 1);
  const std::uint32_t asked_be = arp->arp_data.arp_tip;
  arp->arp_opcode = rte_cpu_to_be_16(RTE_ARP_OP_REPLY);
  arp->arp_data.arp_tha = arp->arp_data.arp_sha;
  arp->arp_data.arp_tip = arp->arp_data.arp_sip;
  arp->arp_data.arp_sha = mac;
  arp->arp_data.arp_sip = asked_be;
  ether->dst_addr = arp->arp_data.arp_tha;
  ether->src_addr = mac;
}

}  // namespace stillwater::dataplane
