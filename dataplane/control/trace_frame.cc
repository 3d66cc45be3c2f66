#include "dataplane/control/trace_frame.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>

#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "dataplane/datapath/checksum.h"
#include "dataplane/datapath/icmp/icmp6_message.h"

namespace stillwater::dataplane {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr rte_ether_addr kNobody{{0x02, 0, 0, 0, 0, 0xfe}};  // locally administered
constexpr unsigned kIcmpBytes = 8;

template <class Header>
void append(Bytes& to, const Header& header) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&header);
  to.insert(to.end(), bytes, bytes + sizeof(header));
}

void append_icmp(Bytes& to, const TracePacket& packet) {
  const std::uint16_t identifier_be = rte_cpu_to_be_16(packet.icmp_identifier);
  const std::size_t at = to.size();
  to.resize(at + kIcmpBytes, 0);
  to[at] = packet.icmp_type;
  to[at + 1] = packet.icmp_code;
  std::memcpy(&to[at + 4], &identifier_be, sizeof(identifier_be));
}

// What follows the IP header, its checksum still zero.
Bytes upper_layer(const TracePacket& packet) {
  Bytes bytes;
  if (packet.protocol == IPPROTO_TCP) {
    rte_tcp_hdr tcp{};
    tcp.src_port = rte_cpu_to_be_16(packet.source_port);
    tcp.dst_port = rte_cpu_to_be_16(packet.destination_port);
    tcp.sent_seq = rte_cpu_to_be_32(1);
    tcp.data_off = sizeof(tcp) / 4 << 4;
    tcp.tcp_flags = packet.tcp_flags;
    tcp.rx_win = 0xffff;
    append(bytes, tcp);
  } else if (packet.protocol == IPPROTO_UDP) {
    rte_udp_hdr udp{};
    udp.src_port = rte_cpu_to_be_16(packet.source_port);
    udp.dst_port = rte_cpu_to_be_16(packet.destination_port);
    udp.dgram_len = rte_cpu_to_be_16(static_cast<std::uint16_t>(sizeof(udp) + packet.payload_bytes));
    append(bytes, udp);
  } else if (packet.protocol == (packet.destination.is_v4() ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6})) {
    append_icmp(bytes, packet);
  }
  bytes.resize(bytes.size() + packet.payload_bytes, 0);
  return bytes;
}

// Of the checksum in what follows the IP header; none of others.
std::optional<std::size_t> checksum_offset(std::uint8_t protocol) {
  switch (protocol) {
    case IPPROTO_TCP:
      return offsetof(rte_tcp_hdr, cksum);
    case IPPROTO_UDP:
      return offsetof(rte_udp_hdr, dgram_cksum);
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      return 2;
    default:
      return std::nullopt;
  }
}

void append_ipv4(Bytes& frame, const TracePacket& packet, Bytes& upper) {
  rte_ipv4_hdr ip{};
  ip.version_ihl = RTE_IPV4_VHL_DEF;
  ip.type_of_service = static_cast<std::uint8_t>(packet.dscp << 2);
  ip.total_length = rte_cpu_to_be_16(static_cast<std::uint16_t>(sizeof(ip) + upper.size()));
  ip.fragment_offset = packet.dont_fragment ? rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG) : std::uint16_t{0};
  ip.time_to_live = packet.ttl;
  ip.next_proto_id = packet.protocol;
  ip.src_addr = packet.source.v4_be();
  ip.dst_addr = packet.destination.v4_be();
  ip.hdr_checksum = checksum_of(&ip, sizeof(ip));
  const bool has_pseudo_header = packet.protocol == IPPROTO_TCP || packet.protocol == IPPROTO_UDP;
  const auto at = checksum_offset(packet.protocol);
  if (at && packet.protocol != IPPROTO_ICMPV6) {
    const std::uint16_t checksum = has_pseudo_header ? rte_ipv4_udptcp_cksum(&ip, upper.data())
                                                     : checksum_of(upper.data(), upper.size());
    std::memcpy(&upper[*at], &checksum, sizeof(checksum));
  }
  append(frame, ip);
}

void append_ipv6(Bytes& frame, const TracePacket& packet, Bytes& upper) {
  rte_ipv6_hdr ip{};
  ip.vtc_flow = rte_cpu_to_be_32(6u << 28 | std::uint32_t{packet.dscp} << 22);
  ip.payload_len = rte_cpu_to_be_16(static_cast<std::uint16_t>(upper.size()));
  ip.proto = packet.protocol;
  ip.hop_limits = packet.ttl;
  std::memcpy(ip.src_addr, &packet.source, sizeof(packet.source));
  std::memcpy(ip.dst_addr, &packet.destination, sizeof(packet.destination));
  const auto at = checksum_offset(packet.protocol);
  if (at && packet.protocol != IPPROTO_ICMP) {
    const std::uint16_t checksum = rte_ipv6_udptcp_cksum(&ip, upper.data());
    std::memcpy(&upper[*at], &checksum, sizeof(checksum));
  }
  append(frame, ip);
}

Status check(const TracePacket& packet) {
  const auto wrong = [](const char* what) { return fail(Errc::invalid_argument, what); };
  if (packet.source.is_v4() != packet.destination.is_v4())
    return wrong("source and destination are of two families; expected both of IPv4 or both of IPv6");
  if (packet.ttl == 0) return wrong("a time to live of 0; expected 1 to 255");
  if (packet.dscp > 63) return wrong("a DSCP above 63; expected 0 to 63");
  if (packet.payload_bytes > TraceRequest::kFrameMax)
    return fail(Errc::invalid_argument, "a payload of " + std::to_string(packet.payload_bytes) +
                                            " octets; expected at most " +
                                            std::to_string(TraceRequest::kFrameMax) + " with all headers");
  return {};
}

}  // namespace

Result<Bytes> frame_of(const TracePacket& packet, const ServicePort& port) {
  if (auto valid = check(packet); !valid) return tl::unexpected(valid.error());
  const bool is_v4 = packet.destination.is_v4();
  rte_ether_addr source = kNobody;
  if (packet.source_mac) std::copy(packet.source_mac->begin(), packet.source_mac->end(), source.addr_bytes);
  Bytes frame;
  append(frame, port.mac);
  append(frame, source);
  if (port.vlan != 0) {
    append(frame, rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN));
    append(frame, rte_cpu_to_be_16(port.vlan));
  }
  const std::uint16_t ethertype = is_v4 ? RTE_ETHER_TYPE_IPV4 : RTE_ETHER_TYPE_IPV6;
  append(frame, rte_cpu_to_be_16(ethertype));
  Bytes upper = upper_layer(packet);
  is_v4 ? append_ipv4(frame, packet, upper) : append_ipv6(frame, packet, upper);
  frame.insert(frame.end(), upper.begin(), upper.end());
  return frame;
}

}  // namespace stillwater::dataplane
