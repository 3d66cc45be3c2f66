#include "dataplane/datapath/fragments/fragment.h"

#include <algorithm>
#include <cstring>

#include <rte_ether.h>

#include "dataplane/datapath/checksum.h"
#include "dataplane/datapath/fragments/ipv6_headers.h"
#include "dataplane/datapath/fragments/segments.h"

namespace stillwater::dataplane {
namespace {

constexpr unsigned kUnit = 8;  // of offsets, and so of every fragment's payload but the last one's

// What is dealt to fragments, and how much of it each has room for.
struct Plan {
  unsigned payload_at;  // of the frame
  unsigned payload_bytes;
  unsigned first_room;
  unsigned later_room;

  [[nodiscard]] unsigned share(unsigned dealt) const {
    const unsigned room = dealt == 0 ? first_room : later_room;
    const unsigned left = payload_bytes - dealt;
    return left <= room ? left : room / kUnit * kUnit;
  }
};

// Whether the link takes the headers, and a buffer what the link takes.
bool can_carry(const PacketPool& pool, unsigned mtu, unsigned header_bytes) {
  return header_bytes <= mtu && RTE_ETHER_HDR_LEN + mtu <= pool.frame_bytes_max();
}

unsigned room_behind(unsigned header_bytes, unsigned mtu) {
  return mtu > header_bytes ? mtu - header_bytes : 0;
}

// 0: more than `most`, or no room for any payload.
unsigned count_fragments(const Plan& plan, unsigned most) {
  unsigned count = 0;
  unsigned dealt = 0;
  do {
    const unsigned bytes = plan.share(dealt);
    if (count == most || (bytes == 0 && plan.payload_bytes != 0)) return 0;
    dealt += bytes;
    ++count;
  } while (dealt < plan.payload_bytes);
  return count;
}

std::uint8_t* append(rte_mbuf& fragment, unsigned bytes) {
  return reinterpret_cast<std::uint8_t*>(rte_pktmbuf_append(&fragment, static_cast<std::uint16_t>(bytes)));
}

// `write_headers(fragment, dealt, bytes, is_last)` appends the headers of the fragment that carries `bytes`
// of the payload from `dealt` on.
template <class WriteHeaders>
std::optional<DropReason> cut(PacketPool& pool, const rte_mbuf& frame, const Plan& plan, Fragments& out,
                              WriteHeaders write_headers) {
  const unsigned count = count_fragments(plan, Fragments::kMax - out.count);
  if (count == 0 || !pool.make(out.end(), count)) return DropReason::cannot_fragment;
  unsigned dealt = 0;
  for (unsigned i = 0; i < count; ++i) {
    rte_mbuf& fragment = *out.end()[i];
    const unsigned bytes = plan.share(dealt);
    write_headers(fragment, dealt, bytes, i + 1 == count);
    copy_bytes(frame, plan.payload_at + dealt, bytes, append(fragment, bytes));
    dealt += bytes;
  }
  out.count += count;
  return std::nullopt;
}

struct Ipv4Header {
  std::array<std::uint8_t, 60> bytes{};
  unsigned size = 0;

  [[nodiscard]] rte_ipv4_hdr& fields() { return *reinterpret_cast<rte_ipv4_hdr*>(bytes.data()); }
};

// Options without the copy bit are in the first fragment alone. Malformed ones end the list.
Ipv4Header header_of_later(const Ipv4Header& first) {
  constexpr std::uint8_t kEnd = 0, kNoOperation = 1, kCopied = 0x80;
  Ipv4Header later = first;
  later.size = sizeof(rte_ipv4_hdr);
  for (unsigned at = sizeof(rte_ipv4_hdr); at < first.size && first.bytes[at] != kEnd;) {
    if (first.bytes[at] == kNoOperation) {
      ++at;
      continue;
    }
    const unsigned option_bytes = at + 1 < first.size ? first.bytes[at + 1] : 0;
    if (option_bytes < 2 || option_bytes > first.size - at) break;
    if ((first.bytes[at] & kCopied) != 0) {
      std::copy_n(&first.bytes[at], option_bytes, &later.bytes[later.size]);
      later.size += option_bytes;
    }
    at += option_bytes;
  }
  for (; later.size % 4 != 0; ++later.size) later.bytes[later.size] = kEnd;
  later.fields().version_ihl = static_cast<std::uint8_t>(0x40u | later.size / 4);
  return later;
}

// Nobody but us has looked at the frame's own lengths where this is called for a packet of our making.
std::optional<DropReason> read_header(const rte_mbuf& frame, Ipv4Header& header) {
  const unsigned readable = frame.data_len;
  if (readable < RTE_ETHER_HDR_LEN + sizeof(rte_ipv4_hdr)) return DropReason::truncated;
  const auto* ip = rte_pktmbuf_mtod_offset(&frame, const rte_ipv4_hdr*, RTE_ETHER_HDR_LEN);
  header.size = (ip->version_ihl & 0xfu) * 4;
  if (header.size < sizeof(*ip)) return DropReason::bad_header_length;
  if (readable < RTE_ETHER_HDR_LEN + header.size) return DropReason::truncated;
  const unsigned total = rte_be_to_cpu_16(ip->total_length);
  if (total < header.size || total > frame.pkt_len - RTE_ETHER_HDR_LEN) return DropReason::bad_total_length;
  std::memcpy(header.bytes.data(), ip, header.size);
  return std::nullopt;
}

// How much of an IPv6 packet every fragment begins with, and the byte of it that says what follows.
struct PerFragmentPart {
  unsigned bytes = sizeof(rte_ipv6_hdr);
  unsigned next_header_at = offsetof(rte_ipv6_hdr, proto);
};

// Nothing: a chain that does not end, or that of a fragment.
std::optional<PerFragmentPart> per_fragment_part(const std::uint8_t* packet, unsigned bytes) {
  Ipv6HeaderWalk walk(packet, bytes);
  PerFragmentPart part;
  for (;;) {
    const std::uint8_t kind = walk.type();
    const auto step = walk.next();
    if (step == Ipv6HeaderWalk::Step::ends || kind == IPPROTO_FRAGMENT) return std::nullopt;
    if (step == Ipv6HeaderWalk::Step::other) return part;
    // Destination options are for every node of a route only in front of its routing header.
    if (kind != IPPROTO_DSTOPTS) part = {walk.at(), walk.named_at()};
  }
}

}  // namespace

std::optional<DropReason> fragment_ipv4(PacketPool& pool, const rte_mbuf& frame, std::uint16_t mtu,
                                        Fragments& out) {
  Ipv4Header first;
  if (const auto why = read_header(frame, first)) return why;
  if (!may_be_cut(first.fields())) return DropReason::too_big;
  Ipv4Header later = header_of_later(first);
  const unsigned word = rte_be_to_cpu_16(first.fields().fragment_offset);
  const Plan plan{.payload_at = RTE_ETHER_HDR_LEN + first.size,
                  .payload_bytes = rte_be_to_cpu_16(first.fields().total_length) - first.size,
                  .first_room = room_behind(first.size, mtu),
                  .later_room = room_behind(later.size, mtu)};
  if ((word & RTE_IPV4_HDR_OFFSET_MASK) * kUnit + plan.payload_bytes > UINT16_MAX)
    return DropReason::fragment_invalid;
  if (!can_carry(pool, mtu, first.size)) return DropReason::cannot_fragment;

  return cut(pool, frame, plan, out, [&](rte_mbuf& fragment, unsigned dealt, unsigned bytes, bool is_last) {
    Ipv4Header& header = dealt == 0 ? first : later;
    rte_ipv4_hdr& ip = header.fields();
    ip.total_length = rte_cpu_to_be_16(static_cast<std::uint16_t>(header.size + bytes));
    ip.fragment_offset = rte_cpu_to_be_16(
        static_cast<std::uint16_t>((word + dealt / kUnit) | (is_last ? 0u : unsigned{RTE_IPV4_HDR_MF_FLAG})));
    ip.hdr_checksum = 0;
    ip.hdr_checksum = checksum_of(header.bytes.data(), header.size);
    copy_bytes(frame, 0, RTE_ETHER_HDR_LEN, append(fragment, RTE_ETHER_HDR_LEN));
    std::copy_n(header.bytes.data(), header.size, append(fragment, header.size));
  });
}

std::optional<DropReason> fragment_ipv6(PacketPool& pool, const rte_mbuf& frame, std::uint16_t mtu,
                                        std::uint32_t identification, Fragments& out) {
  if (frame.data_len < RTE_ETHER_HDR_LEN + sizeof(rte_ipv6_hdr)) return DropReason::truncated;
  const auto* packet = rte_pktmbuf_mtod_offset(&frame, const std::uint8_t*, RTE_ETHER_HDR_LEN);
  const unsigned bytes_of_packet =
      unsigned{sizeof(rte_ipv6_hdr)} +
      rte_be_to_cpu_16(reinterpret_cast<const rte_ipv6_hdr*>(packet)->payload_len);
  if (bytes_of_packet > frame.pkt_len - RTE_ETHER_HDR_LEN) return DropReason::bad_total_length;
  const auto part =
      per_fragment_part(packet, std::min<unsigned>(bytes_of_packet, frame.data_len - RTE_ETHER_HDR_LEN));
  if (!part) return DropReason::fragment_invalid;
  const unsigned header_bytes = part->bytes + unsigned{sizeof(rte_ipv6_fragment_ext)};
  if (!can_carry(pool, mtu, header_bytes)) return DropReason::cannot_fragment;
  const Plan plan{.payload_at = RTE_ETHER_HDR_LEN + part->bytes,
                  .payload_bytes = bytes_of_packet - part->bytes,
                  .first_room = room_behind(header_bytes, mtu),
                  .later_room = room_behind(header_bytes, mtu)};

  return cut(pool, frame, plan, out, [&](rte_mbuf& fragment, unsigned dealt, unsigned bytes, bool is_last) {
    copy_bytes(frame, 0, RTE_ETHER_HDR_LEN, append(fragment, RTE_ETHER_HDR_LEN));
    std::uint8_t* own = append(fragment, part->bytes);
    std::copy_n(packet, part->bytes, own);
    reinterpret_cast<rte_ipv6_hdr*>(own)->payload_len =
        rte_cpu_to_be_16(static_cast<std::uint16_t>(header_bytes - unsigned{sizeof(rte_ipv6_hdr)} + bytes));
    own[part->next_header_at] = IPPROTO_FRAGMENT;
    auto* extension =
        reinterpret_cast<rte_ipv6_fragment_ext*>(append(fragment, sizeof(rte_ipv6_fragment_ext)));
    extension->next_header = packet[part->next_header_at];
    extension->reserved = 0;
    extension->frag_data = rte_cpu_to_be_16(static_cast<std::uint16_t>(dealt | (is_last ? 0u : 1u)));
    extension->id = identification;
  });
}

}  // namespace stillwater::dataplane
