#include "dataplane/datapath/ping/ping_answer.h"

#include <cstring>

#include <netinet/in.h>

#include "dataplane/datapath/checksum.h"
#include "dataplane/datapath/fragments/segments.h"
#include "dataplane/datapath/icmp/icmp6_message.h"
#include "dataplane/datapath/icmp/icmp_types.h"
#include "dataplane/datapath/ip/ipv4_parse.h"
#include "dataplane/datapath/ip/parse_again.h"
#include "dataplane/datapath/rehearsal/rehearsal.h"

namespace stillwater::dataplane {
namespace {

constexpr unsigned kIcmpBytes = 8;

std::uint16_t word_at(const std::uint8_t* at) {
  std::uint16_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

Echo echo_of(const std::uint8_t* icmp, const IpAddress& source, const IpAddress& destination) {
  return {source, destination, word_at(icmp + 4), word_at(icmp + 6)};
}

IpAddress source_of(const Packet& packet) {
  return packet.ip != nullptr ? IpAddress::v4(packet.ip->src_addr) : IpAddress::v6(packet.ip6->src_addr);
}
IpAddress destination_of(const Packet& packet) {
  return packet.ip != nullptr ? IpAddress::v4(packet.ip->dst_addr) : IpAddress::v6(packet.ip6->dst_addr);
}

// Of the message, in whatever segments it lies. The IP lengths were checked against the frame.
std::uint32_t bytes_of(const Packet& packet) {
  const std::uint32_t at =
      static_cast<std::uint32_t>(packet.l4 - rte_pktmbuf_mtod(packet.mbuf, std::uint8_t*));
  const std::uint32_t end =
      RTE_ETHER_HDR_LEN +
      (packet.ip != nullptr ? rte_be_to_cpu_16(packet.ip->total_length)
                            : rte_be_to_cpu_16(packet.ip6->payload_len) + std::uint32_t{sizeof(*packet.ip6)});
  return end - at;
}

bool has_right_checksum(const Packet& packet) {
  const std::uint32_t bytes = bytes_of(packet);
  const auto at = static_cast<std::uint32_t>(packet.l4 - rte_pktmbuf_mtod(packet.mbuf, std::uint8_t*));
  const std::uint16_t sum = sum_bytes(*packet.mbuf, at, bytes);
  if (packet.ip != nullptr) return sum == 0xffff;
  return fold(std::uint32_t{sum} + sum_pseudo_header(source_of(packet), destination_of(packet), bytes)) ==
         0xffff;
}

// The request that an IPv4 error quotes.
std::optional<Echo> quoted_4(const std::uint8_t* at, unsigned bytes) {
  rte_ipv4_hdr ip;
  if (bytes < sizeof(ip)) return std::nullopt;
  std::memcpy(&ip, at, sizeof(ip));
  const unsigned header_bytes = (ip.version_ihl & 0xfu) * 4;
  const bool is_first = (ip.fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_OFFSET_MASK)) == 0;
  if (ip.version_ihl >> 4 != 4 || header_bytes < sizeof(ip) || bytes < header_bytes + kIcmpBytes ||
      !is_first || ip.next_proto_id != IPPROTO_ICMP || at[header_bytes] != icmp4::kEchoRequest)
    return std::nullopt;
  return echo_of(at + header_bytes, IpAddress::v4(ip.src_addr), IpAddress::v4(ip.dst_addr));
}

// The same of IPv6: of our making is no header in front of ICMPv6 but a fragment's.
std::optional<Echo> quoted_6(const std::uint8_t* at, unsigned bytes) {
  rte_ipv6_hdr ip;
  if (bytes < sizeof(ip)) return std::nullopt;
  std::memcpy(&ip, at, sizeof(ip));
  unsigned icmp_at = sizeof(ip);
  std::uint8_t protocol = ip.proto;
  if (protocol == IPPROTO_FRAGMENT) {
    if (bytes < icmp_at + sizeof(rte_ipv6_fragment_ext)) return std::nullopt;
    const bool is_first = ((at[icmp_at + 2] << 8 | at[icmp_at + 3]) & ~7) == 0;
    if (!is_first) return std::nullopt;
    protocol = at[icmp_at];
    icmp_at += unsigned{sizeof(rte_ipv6_fragment_ext)};
  }
  if (bytes < icmp_at + kIcmpBytes || protocol != IPPROTO_ICMPV6 || at[icmp_at] != icmp6::kEchoRequest)
    return std::nullopt;
  return echo_of(at + icmp_at, IpAddress::v6(ip.src_addr), IpAddress::v6(ip.dst_addr));
}

// The request that the message is about.
std::optional<Echo> request_of(const Packet& packet) {
  const std::uint8_t type = packet.l4[0];
  const bool is_v4 = packet.ip != nullptr;
  if (type == (is_v4 ? icmp4::kEchoReply : icmp6::kEchoReply))
    return echo_of(packet.l4, destination_of(packet), source_of(packet));
  const std::uint8_t* quoted = packet.l4 + kIcmpBytes;
  const unsigned bytes = packet.l4_bytes - kIcmpBytes;
  const auto echo = is_v4 ? (quotes_a_packet(type) ? quoted_4(quoted, bytes) : std::nullopt)
                          : (type < icmp6::kEchoRequest ? quoted_6(quoted, bytes) : std::nullopt);
  return echo && echo->source == destination_of(packet) ? echo : std::nullopt;
}

PingAnswer answer_of(const Context& context, const Packet& packet) {
  std::uint32_t rest_be;
  std::memcpy(&rest_be, packet.l4 + 4, sizeof(rest_be));
  return {.from = source_of(packet),
          .at = context.now,
          .hops = packet.ip != nullptr ? packet.ip->time_to_live : packet.ip6->hop_limits,
          .type = packet.l4[0],
          .code = packet.l4[1],
          .rest = rte_be_to_cpu_32(rest_be),
          .bytes = bytes_of(packet)};
}

}  // namespace

std::optional<Verdict> take_ping_answer(Context& context, const Packet& packet) {
  if (context.ping == nullptr || packet.l4_bytes < kIcmpBytes) return std::nullopt;
  const auto request = request_of(packet);
  const bool rehearses = context.rehearsal != nullptr;
  if (!request || !has_right_checksum(packet) ||
      !context.ping->take(*request, answer_of(context, packet), rehearses))
    return std::nullopt;
  if (rehearses) context.rehearsal->answers_ping();
  rte_mbuf* taken = packet.mbuf;
  context.pool.agent().free(&taken, 1);
  return Verdict::taken();
}

void tell_own_ping(Context& context, rte_mbuf* frame) {
  Packet packet{.mbuf = frame};
  if (context.ping == nullptr || parse_again(packet)) return;
  const bool is_v4 = packet.ip != nullptr;
  const auto* at = reinterpret_cast<const std::uint8_t*>(packet.ether() + 1);
  const unsigned bytes = rte_pktmbuf_data_len(frame) - RTE_ETHER_HDR_LEN;
  const auto echo = is_v4 ? quoted_4(at, bytes) : quoted_6(at, bytes);
  if (!echo) return;
  const IcmpError error = is_v4 ? icmp4::kHostUnreachable : icmp6::kAddressUnreachable;
  (void)context.ping->take(
      *echo, {.from = echo->source, .at = context.now, .type = error.type, .code = error.code}, false);
}

}  // namespace stillwater::dataplane
