#include "dataplane/datapath/fragments/fragment_fields.h"

#include <algorithm>
#include <cstring>

#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "dataplane/datapath/checksum.h"
#include "dataplane/datapath/fragments/ipv6_headers.h"
#include "dataplane/datapath/fragments/segments.h"

namespace stillwater::dataplane {
namespace {

constexpr unsigned kUnit = 8;
constexpr unsigned kDatagramMax = UINT16_MAX;
constexpr std::uint8_t kCongested = 3;

// RFC 4443 section 3.4, RFC 7112 section 5.
constexpr std::uint8_t kErroneousField = 0, kIncompleteHeaderChain = 3;

const std::uint8_t* packet_of(const rte_mbuf& frame) {
  return rte_pktmbuf_mtod_offset(&frame, const std::uint8_t*, RTE_ETHER_HDR_LEN);
}

unsigned readable(const rte_mbuf& frame) {
  return frame.data_len > RTE_ETHER_HDR_LEN ? frame.data_len - unsigned{RTE_ETHER_HDR_LEN} : 0;
}

// The least that an upper layer's header has. Of those that nobody here knows, anything.
unsigned header_bytes_of(std::uint8_t protocol) {
  switch (protocol) {
    case IPPROTO_TCP:
      return 20;
    case IPPROTO_UDP:
      return 8;
    case IPPROTO_ICMPV6:
      return 4;
    default:
      return 0;
  }
}

// Whether the fragmentable part, whose first header stands at `at`, has all headers up to the upper layer's.
std::optional<Refusal> check_header_chain(const std::uint8_t* packet, unsigned bytes, unsigned at,
                                          unsigned named_at) {
  Ipv6HeaderWalk walk(packet, bytes, at, named_at);
  if (!walk.find_other() || walk.left() < header_bytes_of(walk.type()))
    return Refusal{DropReason::fragment_invalid, ParameterProblem{kIncompleteHeaderChain, 0}};
  if (walk.type() == IPPROTO_FRAGMENT) return Refusal{DropReason::fragment_invalid};
  return std::nullopt;
}

Refusal wrong_field(unsigned pointer) {
  return {DropReason::fragment_invalid, ParameterProblem{kErroneousField, pointer}};
}

}  // namespace

std::optional<Refusal> read_ipv4_fragment(rte_mbuf& frame, FragmentFields& fields) {
  if (readable(frame) < sizeof(rte_ipv4_hdr)) return Refusal{DropReason::truncated};
  const auto& ip = *reinterpret_cast<const rte_ipv4_hdr*>(packet_of(frame));
  const unsigned header_bytes = (ip.version_ihl & 0xfu) * 4;
  if (header_bytes < sizeof(ip)) return Refusal{DropReason::bad_header_length};
  if (readable(frame) < header_bytes) return Refusal{DropReason::truncated};
  const unsigned total = rte_be_to_cpu_16(ip.total_length);
  if (total < header_bytes || total > frame.pkt_len - RTE_ETHER_HDR_LEN)
    return Refusal{DropReason::bad_total_length};

  const unsigned word = rte_be_to_cpu_16(ip.fragment_offset);
  fields.key = {.source = IpAddress::v4(ip.src_addr),
                .destination = IpAddress::v4(ip.dst_addr),
                .identification_be = ip.packet_id,
                .version = 4,
                .protocol = ip.next_proto_id};
  fields.begin = (word & RTE_IPV4_HDR_OFFSET_MASK) * kUnit;
  fields.end = fields.begin + total - header_bytes;
  fields.more = (word & RTE_IPV4_HDR_MF_FLAG) != 0;
  fields.ecn = ip.type_of_service & kCongested;
  fields.payload_at = static_cast<std::uint16_t>(RTE_ETHER_HDR_LEN + header_bytes);
  shorten(frame, RTE_ETHER_HDR_LEN + total);
  if (fields.is_whole()) return std::nullopt;
  if (fields.bytes() == 0 || (fields.more && fields.bytes() % kUnit != 0) ||
      header_bytes + fields.end > kDatagramMax)
    return Refusal{DropReason::fragment_invalid};
  return std::nullopt;
}

std::optional<Refusal> read_ipv6_fragment(rte_mbuf& frame, PortIndex in_port, FragmentFields& fields) {
  if (readable(frame) < sizeof(rte_ipv6_hdr)) return Refusal{DropReason::truncated};
  const std::uint8_t* packet = packet_of(frame);
  const auto& ip = *reinterpret_cast<const rte_ipv6_hdr*>(packet);
  const unsigned total = unsigned{sizeof(ip)} + rte_be_to_cpu_16(ip.payload_len);
  if (total > frame.pkt_len - RTE_ETHER_HDR_LEN) return Refusal{DropReason::bad_total_length};
  const unsigned in_segment = std::min(total, readable(frame));
  Ipv6HeaderWalk walk(packet, in_segment);
  if (!walk.find_other()) return Refusal{DropReason::truncated};
  if (walk.type() != IPPROTO_FRAGMENT) return Refusal{DropReason::fragment_invalid};
  if (walk.left() < sizeof(rte_ipv6_fragment_ext)) return Refusal{DropReason::truncated};

  const auto& extension = *reinterpret_cast<const rte_ipv6_fragment_ext*>(packet + walk.at());
  const unsigned headers_end = walk.at() + unsigned{sizeof(extension)};
  const unsigned word = rte_be_to_cpu_16(extension.frag_data);
  fields.key = {.source = IpAddress::v6(ip.src_addr),
                .destination = IpAddress::v6(ip.dst_addr),
                .identification_be = extension.id,
                .version = 6};
  if (fields.key.source.is_link_local() || fields.key.destination.is_link_local()) fields.key.link = in_port;
  fields.begin = word & RTE_IPV6_EHDR_FO_MASK;
  fields.end = fields.begin + total - headers_end;
  fields.more = RTE_IPV6_GET_MF(word) != 0;
  fields.ecn = (rte_be_to_cpu_32(ip.vtc_flow) >> RTE_IPV6_HDR_TC_SHIFT) & kCongested;
  fields.payload_at = static_cast<std::uint16_t>(RTE_ETHER_HDR_LEN + headers_end);
  shorten(frame, RTE_ETHER_HDR_LEN + total);
  if (!fields.is_whole()) {
    if (fields.bytes() == 0) return Refusal{DropReason::fragment_invalid};
    if (fields.more && fields.bytes() % kUnit != 0) return wrong_field(offsetof(rte_ipv6_hdr, payload_len));
    if (walk.at() - sizeof(ip) + fields.end > kDatagramMax)
      return wrong_field(walk.at() + unsigned{offsetof(rte_ipv6_fragment_ext, frag_data)});
  }
  if (fields.begin != 0) return std::nullopt;
  return check_header_chain(packet, in_segment, headers_end, walk.at());
}

bool make_whole_ipv4(rte_mbuf& frame, bool congested) {
  auto& ip = *rte_pktmbuf_mtod_offset(&frame, rte_ipv4_hdr*, RTE_ETHER_HDR_LEN);
  const unsigned total = frame.pkt_len - RTE_ETHER_HDR_LEN;
  if (total > kDatagramMax) return false;
  ip.total_length = rte_cpu_to_be_16(static_cast<std::uint16_t>(total));
  ip.fragment_offset &= rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);
  if (congested) ip.type_of_service |= kCongested;
  ip.hdr_checksum = 0;
  ip.hdr_checksum = checksum_of(&ip, (ip.version_ihl & 0xfu) * std::size_t{4});
  return true;
}

// What is in front of the Fragment header moves over it.
bool make_whole_ipv6(rte_mbuf& frame, bool congested) {
  auto* packet = rte_pktmbuf_mtod_offset(&frame, std::uint8_t*, RTE_ETHER_HDR_LEN);
  Ipv6HeaderWalk walk(packet, readable(frame));
  const unsigned payload =
      frame.pkt_len - unsigned{RTE_ETHER_HDR_LEN + sizeof(rte_ipv6_hdr) + sizeof(rte_ipv6_fragment_ext)};
  if (!walk.find_other() || payload > kDatagramMax) return false;
  auto& ip = *reinterpret_cast<rte_ipv6_hdr*>(packet);
  ip.payload_len = rte_cpu_to_be_16(static_cast<std::uint16_t>(payload));
  if (congested) ip.vtc_flow |= rte_cpu_to_be_32(std::uint32_t{kCongested} << RTE_IPV6_HDR_TC_SHIFT);
  packet[walk.named_at()] = packet[walk.at()];
  auto* begin = rte_pktmbuf_mtod(&frame, std::uint8_t*);
  std::memmove(begin + sizeof(rte_ipv6_fragment_ext), begin, RTE_ETHER_HDR_LEN + walk.at());
  rte_pktmbuf_adj(&frame, sizeof(rte_ipv6_fragment_ext));
  return true;
}

}  // namespace stillwater::dataplane
