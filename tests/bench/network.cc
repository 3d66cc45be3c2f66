#include "tests/bench/network.h"

#include <cstring>

#include <netinet/in.h>

#include <rte_arp.h>

#include "tests/bench/load_source.h"

namespace stillwater::bench {
namespace {

dataplane::PortConfig null_port(unsigned index, const char* name, std::uint32_t address) {
  dataplane::PortConfig port;
  port.name = name;
  port.device = "net_null" + std::to_string(index);
  std::memcpy(port.mac.data(), kVirtualMac[index].addr_bytes, port.mac.size());
  port.addresses = {{address, 24}};
  return port;
}

}  // namespace

dataplane::Config firewall(std::uint32_t sessions_max) {
  dataplane::Config config;
  config.sessions_max = sessions_max;
  config.idle = dataplane::IdleStrategy::busy;
  config.ports = {null_port(kInside, "inside", kInsideAddress),
                  null_port(kOutside, "outside", kOutsideAddress)};
  config.routes = {
      {.to = {IpAddress::v4(htonl(kClientNet)), 16}, .via = {{IpAddress::v4(htonl(kClientGateway))}}}};
  dataplane::RuleConfig allow;
  allow.id = 10;
  allow.action = dataplane::RuleAction::allow;
  allow.from = {"inside"};
  allow.to = {"outside"};
  config.rules = {allow};
  return config;
}

dataplane::Config translating_firewall(std::uint32_t sessions_max) {
  dataplane::Config config = firewall(sessions_max);
  config.source_nat = {{.from = {"inside"}, .to = {"outside"}, .address = kOutsideAddress}};
  return config;
}

std::vector<std::uint8_t> greeting_of(unsigned port) {
  return frame_by([&](rte_mbuf& frame) { write_greeting(&frame, port); });
}

void write_greeting(rte_mbuf* packet, unsigned port) {
  struct Frame {
    rte_ether_hdr ether;
    rte_arp_hdr arp;
  } __attribute__((packed, aligned(2))) frame{};
  std::memset(&frame.ether.dst_addr, 0xff, sizeof(frame.ether.dst_addr));
  frame.ether.src_addr = kPeerMac[port];
  frame.ether.ether_type = htons(RTE_ETHER_TYPE_ARP);
  frame.arp = {.arp_hardware = htons(RTE_ARP_HRD_ETHER),
               .arp_protocol = htons(RTE_ETHER_TYPE_IPV4),
               .arp_hlen = 6,
               .arp_plen = 4,
               .arp_opcode = htons(RTE_ARP_OP_REQUEST),
               .arp_data = {}};
  frame.arp.arp_data.arp_sha = kPeerMac[port];
  frame.arp.arp_data.arp_sip = htonl(port == kInside ? kClientGateway : kServerHost);
  frame.arp.arp_data.arp_tip = htonl(port == kInside ? kInsideAddress : kOutsideAddress);
  std::memcpy(rte_pktmbuf_mtod(packet, void*), &frame, sizeof(frame));
  packet->data_len = 60;
  packet->pkt_len = 60;
}

}  // namespace stillwater::bench
