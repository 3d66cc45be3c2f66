#include "dataplane/datapath/icmp/icmp6_message.h"

#include <cstring>

#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "dataplane/datapath/checksum.h"
#include "dataplane/datapath/icmp/icmp_types.h"

namespace stillwater::dataplane {
namespace {

constexpr std::uint16_t kIcmpBytes = 8;

}  // namespace

std::uint8_t* begin_icmp6(rte_mbuf& mbuf, const IpAddress& source, const IpAddress& destination,
                          std::uint8_t type, std::uint8_t code) {
  constexpr std::uint16_t kBytes = sizeof(rte_ether_hdr) + sizeof(rte_ipv6_hdr) + kIcmpBytes;
  auto* ether = reinterpret_cast<rte_ether_hdr*>(rte_pktmbuf_append(&mbuf, kBytes));
  ether->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6);
  auto* ip = reinterpret_cast<rte_ipv6_hdr*>(ether + 1);
  *ip = rte_ipv6_hdr{};
  ip->vtc_flow = rte_cpu_to_be_32(6u << 28);
  ip->proto = IPPROTO_ICMPV6;
  std::memcpy(ip->src_addr, &source, sizeof(source));
  std::memcpy(ip->dst_addr, &destination, sizeof(destination));
  auto* icmp = reinterpret_cast<std::uint8_t*>(ip + 1);
  std::memset(icmp, 0, kIcmpBytes);
  icmp[0] = type;
  icmp[1] = code;
  return icmp;
}

void finish_icmp6(rte_mbuf& mbuf, std::uint8_t hop_limit) {
  auto* ip = rte_pktmbuf_mtod_offset(&mbuf, rte_ipv6_hdr*, sizeof(rte_ether_hdr));
  const std::uint32_t bytes =
      rte_pktmbuf_pkt_len(&mbuf) - unsigned{sizeof(rte_ether_hdr)} - unsigned{sizeof(*ip)};
  ip->payload_len = rte_cpu_to_be_16(static_cast<std::uint16_t>(bytes));
  ip->hop_limits = hop_limit;
  auto* icmp = reinterpret_cast<std::uint8_t*>(ip + 1);
  icmp[2] = icmp[3] = 0;
  const auto checksum = static_cast<std::uint16_t>(
      ~sum_icmp6(IpAddress::v6(ip->src_addr), IpAddress::v6(ip->dst_addr), icmp, bytes));
  std::memcpy(icmp + 2, &checksum, sizeof(checksum));
}

void turn_into_echo_reply(std::uint8_t* icmp, const IpAddress& asked, const IpAddress& source) {
  ChecksumDelta delta;
  delta.replace16(sum_words(&asked, sizeof(asked)), sum_words(&source, sizeof(source)));
  std::uint16_t checksum;
  std::memcpy(&checksum, icmp + 2, sizeof(checksum));
  delta.replace16(icmp6::kEchoRequest, icmp6::kEchoReply);  // the low byte of a word on a little-endian host
  checksum = delta.apply(checksum);
  icmp[0] = icmp6::kEchoReply;
  std::memcpy(icmp + 2, &checksum, sizeof(checksum));
}

std::uint16_t sum_pseudo_header(const IpAddress& source, const IpAddress& destination, std::uint32_t bytes) {
  const struct {
    IpAddress source;
    IpAddress destination;
    std::uint32_t bytes_be;
    std::uint32_t next_header_be;
  } pseudo{source, destination, rte_cpu_to_be_32(bytes), rte_cpu_to_be_32(IPPROTO_ICMPV6)};
  static_assert(sizeof(pseudo) == 40);
  return sum_words(&pseudo, sizeof(pseudo));
}

std::uint16_t sum_icmp6(const IpAddress& source, const IpAddress& destination, const void* message,
                        std::uint32_t bytes) {
  return fold(std::uint32_t{sum_pseudo_header(source, destination, bytes)} + sum_words(message, bytes));
}

}  // namespace stillwater::dataplane
