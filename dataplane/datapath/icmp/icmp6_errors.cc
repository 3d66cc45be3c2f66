#include <netinet/in.h>

#include "dataplane/datapath/icmp/icmp6_message.h"
#include "dataplane/datapath/icmp/icmp_types.h"
#include "dataplane/datapath/icmp/own_messages.h"
#include "dataplane/datapath/ip/ipv6_headers.h"
#include "dataplane/datapath/nodes/ipv6/forward_ipv6.h"
#include "dataplane/datapath/output/send.h"

namespace stillwater::dataplane {
namespace {

constexpr std::uint16_t kBytesMax = 1280;  // RFC 4443 section 2.4 c
constexpr std::uint16_t kHeadersBytes = sizeof(rte_ipv6_hdr) + 8;

// Behind its extension headers, as far as they lie in the first segment. A fragment that is not the first has
// none of its message's octets: nothing says what it is.
bool is_about_an_error(const Packet& packet) {
  const UpperLayer upper = upper_layer_of(packet);
  if (upper.protocol != IPPROTO_ICMPV6 || upper.bytes == 0) return false;
  const std::uint8_t type = *upper.data;
  return type < icmp6::kEchoRequest || type == icmp6::kRedirect;
}

}  // namespace

bool may_be_told_6(const Packet& packet, const IcmpError& error) {
  const IpAddress source = IpAddress::v6(packet.ip6->src_addr);
  if (source.is_none() || source.bytes[0] == 0xff) return false;
  const bool despite_multicast =
      error.type == icmp6::kPacketTooBig ||
      (error.type == icmp6::kParameterProblem && error.code == icmp6::kUnknownOption);
  const bool to_one = packet.to_us && packet.ip6->dst_addr[0] != 0xff;
  return (to_one || despite_multicast) && !is_about_an_error(packet);
}

void send_icmp6_error(Context& context, const Packet& packet, const IcmpError& error) {
  const IpAddress offender = IpAddress::v6(packet.ip6->src_addr);
  Packet message{};
  if (!find_next_hop_6(context, offender, packet.in_port, message)) return;
  message.mbuf = context.pool.make();
  if (message.mbuf == nullptr) return;
  const IpAddress asked = IpAddress::v6(packet.ip6->dst_addr);
  const bool was_to_us = context.service.own.contains6(asked);  // RFC 4443 section 2.2 a
  const IpAddress source =
      was_to_us ? asked : context.service.ports[message.out_port].source_for(message.next_hop);
  const std::uint32_t rest_be = rte_cpu_to_be_32(error.rest);
  auto* icmp = begin_icmp6(*message.mbuf, source, offender, error.type, error.code);
  std::memcpy(icmp + 4, &rest_be, sizeof(rest_be));
  quote(packet, kBytesMax - kHeadersBytes, *message.mbuf);
  finish_icmp6(*message.mbuf, kOwnHopLimit);
  send(context, message);
}

}  // namespace stillwater::dataplane
