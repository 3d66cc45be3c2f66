#include "dataplane/datapath/ip/ipv6_headers.h"

#include <netinet/in.h>

#include <rte_ip.h>

#include "dataplane/datapath/fragments/ipv6_headers.h"
#include "dataplane/datapath/icmp/icmp_types.h"

namespace stillwater::dataplane {
namespace {

constexpr unsigned kHeadersMax = 8;

bool has_options(std::uint8_t protocol) { return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_DSTOPTS; }

unsigned length_of(std::uint8_t protocol, const std::uint8_t* header) {
  switch (protocol) {
    case IPPROTO_FRAGMENT:
      return 8;
    case IPPROTO_AH:
      return (header[1] + 2u) * 4;
    default:
      return (header[1] + 1u) * 8;
  }
}

bool is_later_fragment(const std::uint8_t* header) { return ((header[2] << 8 | header[3]) & ~7) != 0; }

// Of the packet's octets from the IPv6 header on: what ICMPv6 points at.
std::uint32_t offset_of(const Packet& packet, const std::uint8_t* at) {
  return static_cast<std::uint32_t>(at - reinterpret_cast<const std::uint8_t*>(packet.ip6));
}

// Of a type that nobody here knows: its two highest bits say what to do (RFC 8200 section 4.2).
std::optional<Verdict> unknown_option(const Packet& packet, const std::uint8_t* option) {
  const Verdict told =
      Verdict::refuse(DropReason::bad_options, icmp6::unknown_option(offset_of(packet, option)));
  switch (*option >> 6) {
    case 0:
      return std::nullopt;
    case 2:
      return told;
    case 3:
      return packet.ip6->dst_addr[0] == 0xff ? Verdict::drop(DropReason::bad_options) : told;
    default:
      return Verdict::drop(DropReason::bad_options);
  }
}

// All options of one header but padding are unknown here.
std::optional<Verdict> check_options(const Packet& packet, const std::uint8_t* header, unsigned bytes) {
  constexpr std::uint8_t kPad1 = 0;
  constexpr std::uint8_t kPadN = 1;
  for (unsigned at = 2; at < bytes;) {
    if (header[at] == kPad1) {
      ++at;
      continue;
    }
    if (at + 2 > bytes || at + 2u + header[at + 1] > bytes)
      return Verdict::refuse(DropReason::bad_options, icmp6::bad_field(offset_of(packet, header + at)));
    if (header[at] != kPadN)
      if (const auto verdict = unknown_option(packet, header + at)) return verdict;
    at += 2u + header[at + 1];
  }
  return std::nullopt;
}

bool has_segments_left(const std::uint8_t* header) { return header[3] != 0; }

std::optional<Verdict> check_routing(const Packet& packet, const std::uint8_t* header) {
  if (!has_segments_left(header)) return std::nullopt;
  return Verdict::refuse(DropReason::source_route, icmp6::bad_field(offset_of(packet, header + 2)));
}

// Past the header that `packet` stands at.
void pass_header(Packet& packet, unsigned bytes) {
  packet.next_header_at = static_cast<std::uint16_t>(offset_of(packet, packet.l4));
  packet.protocol = packet.l4[0];
  packet.l4 += bytes;
  packet.l4_bytes = static_cast<std::uint16_t>(packet.l4_bytes - bytes);
}

}  // namespace

UpperLayer upper_layer_of(const Packet& packet) {
  UpperLayer upper{packet.ip6->proto, reinterpret_cast<const std::uint8_t*>(packet.ip6 + 1), 0};
  const std::uint8_t* end =
      rte_pktmbuf_mtod(packet.mbuf, const std::uint8_t*) + rte_pktmbuf_data_len(packet.mbuf);
  upper.bytes = static_cast<unsigned>(end - upper.data);
  for (unsigned headers = 0; headers < kHeadersMax; ++headers) {
    const bool is_extension = has_options(upper.protocol) || upper.protocol == IPPROTO_ROUTING ||
                              upper.protocol == IPPROTO_FRAGMENT || upper.protocol == IPPROTO_AH;
    if (!is_extension) return upper;
    if (upper.bytes < 8) break;
    const unsigned bytes = length_of(upper.protocol, upper.data);
    if (upper.protocol == IPPROTO_FRAGMENT && is_later_fragment(upper.data)) break;
    if (bytes > upper.bytes) break;
    upper = {upper.data[0], upper.data + bytes, upper.bytes - bytes};
  }
  upper.bytes = 0;
  return upper;
}

std::optional<Verdict> walk_extension_headers(Packet& packet) {
  for (unsigned headers = 0;; ++headers) {
    const std::uint8_t* header = packet.l4;
    if (!has_options(packet.protocol) && packet.protocol != IPPROTO_ROUTING) return std::nullopt;
    if (headers == kHeadersMax) return Verdict::drop(DropReason::bad_options);
    if (packet.protocol == IPPROTO_HOPOPTS && headers != 0)
      return Verdict::refuse(DropReason::bad_options, icmp6::unknown_next_header(packet.next_header_at));
    if (packet.l4_bytes < 8 || length_of(packet.protocol, header) > packet.l4_bytes)
      return Verdict::drop(DropReason::truncated);
    const unsigned bytes = length_of(packet.protocol, header);
    const auto verdict = packet.protocol == IPPROTO_ROUTING ? check_routing(packet, header)
                                                            : check_options(packet, header, bytes);
    if (verdict) return verdict;
    pass_header(packet, bytes);
  }
}

std::optional<DropReason> find_transport(Packet& packet) {
  for (unsigned headers = 0;; ++headers) {
    const std::uint8_t* header = packet.l4;
    const bool is_fragment = packet.protocol == IPPROTO_FRAGMENT;
    const bool is_routing = packet.protocol == IPPROTO_ROUTING;
    if (!has_options(packet.protocol) && !is_routing && !is_fragment) return std::nullopt;
    if (headers == kHeadersMax || (packet.protocol == IPPROTO_HOPOPTS && headers != 0))
      return DropReason::bad_options;
    if (packet.l4_bytes < 8 || length_of(packet.protocol, header) > packet.l4_bytes)
      return DropReason::truncated;
    if (is_fragment && !is_atomic_fragment(header)) return DropReason::fragment;
    if (is_routing && has_segments_left(header)) return DropReason::source_route;
    pass_header(packet, length_of(packet.protocol, header));
  }
}

}  // namespace stillwater::dataplane
