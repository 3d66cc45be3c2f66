#include "dataplane/datapath/translate.h"

#include <netinet/in.h>

#include "dataplane/datapath/checksum.h"

namespace stillwater::dataplane {

void translate(Packet& packet, const region::FlowKey& after) {
  translate(*packet.ip, packet.l4, packet.key, reversed(after));
}

void translate(rte_ipv4_hdr& ip, std::uint8_t* l4, const region::FlowKey& before,
               const region::FlowKey& answer) {
  const std::uint32_t source_be = answer.destination_be;
  const std::uint32_t destination_be = answer.source_be;
  const std::uint16_t source_port_be = answer.destination_port_be;
  const std::uint16_t destination_port_be = answer.source_port_be;
  if (before.source_be == source_be && before.destination_be == destination_be &&
      before.source_port_be == source_port_be && before.destination_port_be == destination_port_be)
    return;
  ChecksumDelta addresses;
  addresses.replace32(before.source_be, source_be);
  addresses.replace32(before.destination_be, destination_be);
  ip.src_addr = source_be;
  ip.dst_addr = destination_be;
  ip.hdr_checksum = addresses.apply(ip.hdr_checksum);

  // TCP and UDP checksums cover the addresses too, by their pseudo header; that of ICMP does not.
  ChecksumDelta all = addresses;
  all.replace16(before.source_port_be, source_port_be);
  all.replace16(before.destination_port_be, destination_port_be);
  switch (before.protocol) {
    case IPPROTO_TCP: {
      auto& tcp = *reinterpret_cast<rte_tcp_hdr*>(l4);
      tcp.src_port = source_port_be;
      tcp.dst_port = destination_port_be;
      tcp.cksum = all.apply(tcp.cksum);
      break;
    }
    case IPPROTO_UDP: {
      auto& udp = *reinterpret_cast<rte_udp_hdr*>(l4);
      udp.src_port = source_port_be;
      udp.dst_port = destination_port_be;
      udp.dgram_cksum = all.apply_udp(udp.dgram_cksum);
      break;
    }
    case IPPROTO_ICMP: {
      auto& icmp = *reinterpret_cast<rte_icmp_hdr*>(l4);
      const std::uint16_t identifier = source_port_be;  // for ICMP both ports are the identifier
      ChecksumDelta echo;
      echo.replace16(icmp.icmp_ident, identifier);
      icmp.icmp_ident = identifier;
      icmp.icmp_cksum = echo.apply(icmp.icmp_cksum);
      break;
    }
    default:  // GRE, ESP: addresses are all that there is
      break;
  }
}

}  // namespace stillwater::dataplane
