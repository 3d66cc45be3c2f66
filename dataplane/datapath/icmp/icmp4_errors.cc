#include <netinet/in.h>

#include "dataplane/datapath/checksum.h"
#include "dataplane/datapath/icmp/icmp_types.h"
#include "dataplane/datapath/icmp/own_messages.h"
#include "dataplane/datapath/nodes/ipv4/forward_ipv4.h"
#include "dataplane/datapath/output/send.h"

namespace stillwater::dataplane {
namespace {

constexpr std::uint16_t kBytesMax = 576;                // RFC 1812 section 4.3.2.3
constexpr std::uint8_t kInternetworkControl = 6u << 5;  // RFC 1812 section 4.3.2.5
constexpr std::uint8_t kOwnTtl = 64;
constexpr std::uint16_t kHeadersBytes = sizeof(rte_ipv4_hdr) + 8;

bool is_about_an_error(const Packet& packet) {
  if (packet.protocol != IPPROTO_ICMP || packet.l4_bytes == 0) return false;
  constexpr std::uint8_t kSourceQuench = 4;
  constexpr std::uint8_t kRedirect = 5;
  const std::uint8_t type = packet.l4[0];
  return quotes_a_packet(type) || type == kSourceQuench || type == kRedirect;
}

void write_headers(std::uint8_t* at, std::uint16_t total_bytes, std::uint32_t source_be,
                   std::uint32_t destination_be, const IcmpError& error) {
  auto* ip = reinterpret_cast<rte_ipv4_hdr*>(at);
  *ip = rte_ipv4_hdr{};
  ip->version_ihl = RTE_IPV4_VHL_DEF;
  ip->type_of_service = kInternetworkControl;
  ip->total_length = rte_cpu_to_be_16(total_bytes);
  ip->fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);
  ip->time_to_live = kOwnTtl;
  ip->next_proto_id = IPPROTO_ICMP;
  ip->src_addr = source_be;
  ip->dst_addr = destination_be;
  ip->hdr_checksum = checksum_of(ip, sizeof(*ip));

  std::uint8_t* icmp = at + sizeof(*ip);
  const std::uint32_t rest_be = rte_cpu_to_be_32(error.rest);
  icmp[0] = error.type;
  icmp[1] = error.code;
  icmp[2] = icmp[3] = 0;
  std::memcpy(icmp + 4, &rest_be, sizeof(rest_be));
  const std::uint16_t checksum = checksum_of(icmp, total_bytes - sizeof(*ip));
  std::memcpy(icmp + 2, &checksum, sizeof(checksum));
}

}  // namespace

bool may_be_told_4(const Packet& packet) {
  const bool is_first = (packet.ip->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_OFFSET_MASK)) == 0;
  return packet.to_us && is_first && !is_about_an_error(packet);
}

void send_icmp4_error(Context& context, const Packet& packet, const IcmpError& error) {
  const std::uint32_t offender_be = packet.ip->src_addr;
  const Adjacency& route = context.fib().lookup(offender_be);
  if (!route.forwards()) return;
  Packet message{.mbuf = context.pool.make()};
  if (message.mbuf == nullptr) return;
  set_next_hop(message, route, IpAddress::v4(offender_be));
  const IpAddress source = context.service.ports[route.port].source_for(message.next_hop);
  auto* ether = reinterpret_cast<rte_ether_hdr*>(
      rte_pktmbuf_append(message.mbuf, sizeof(rte_ether_hdr) + kHeadersBytes));
  ether->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
  const std::uint16_t quoted = quote(packet, kBytesMax - kHeadersBytes, *message.mbuf);
  write_headers(reinterpret_cast<std::uint8_t*>(ether + 1),
                static_cast<std::uint16_t>(kHeadersBytes + quoted), source.v4_be(), offender_be, error);
  send(context, message);
}

}  // namespace stillwater::dataplane
