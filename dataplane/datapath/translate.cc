#include "dataplane/datapath/translate.h"

#include <netinet/in.h>

#include "dataplane/datapath/checksum.h"

namespace stillwater::dataplane {

region::FlowKey tuple_after(const region::Session& session, region::Direction direction) {
  return reversed(direction == region::Direction::forward ? session.reply : session.forward);
}

void translate(Packet& packet, const region::FlowKey& after) {
  const region::FlowKey& before = packet.key;
  if (before == after) return;
  ChecksumDelta addresses;
  addresses.replace32(before.source_be, after.source_be);
  addresses.replace32(before.destination_be, after.destination_be);
  packet.ip->src_addr = after.source_be;
  packet.ip->dst_addr = after.destination_be;
  packet.ip->hdr_checksum = addresses.apply(packet.ip->hdr_checksum);

  // TCP and UDP checksums cover the addresses too, by their pseudo header; that of ICMP does not.
  ChecksumDelta all = addresses;
  all.replace16(before.source_port_be, after.source_port_be);
  all.replace16(before.destination_port_be, after.destination_port_be);
  switch (before.protocol) {
    case IPPROTO_TCP: {
      auto& tcp = *packet.l4_as<rte_tcp_hdr>();
      tcp.src_port = after.source_port_be;
      tcp.dst_port = after.destination_port_be;
      tcp.cksum = all.apply(tcp.cksum);
      break;
    }
    case IPPROTO_UDP: {
      auto& udp = *packet.l4_as<rte_udp_hdr>();
      udp.src_port = after.source_port_be;
      udp.dst_port = after.destination_port_be;
      udp.dgram_cksum = all.apply_udp(udp.dgram_cksum);
      break;
    }
    case IPPROTO_ICMP: {
      auto& icmp = *packet.l4_as<rte_icmp_hdr>();
      const std::uint16_t identifier = after.source_port_be;  // for ICMP both ports are the identifier
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
