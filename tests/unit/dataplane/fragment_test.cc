// Packets that are cut for a smaller MTU.
#include "dataplane/datapath/fragments/fragment.h"

#include <catch2/catch.hpp>

#include "tests/unit/dataplane/ip_frames.h"

using namespace stillwater;
using namespace stillwater::dataplane;

namespace {

constexpr std::uint8_t kNop = 1, kEnd = 0;
const Bytes kRouterAlert{0x94, 4, 0, 0};                     // copied
const Bytes kTimestamp{0x44, 8, 5, 0, 1, 2, 3, 4};           // not copied
const Bytes kRecordRoute{7, 7, 4, 9, 9, 9, 9};               // not copied
const Bytes kSecurity{0x82, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9};  // copied

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Bytes payload(std::size_t n) {
  Random random(static_cast<std::uint32_t>(n));
  return random_bytes(random, n);
}

struct Piece {
  std::size_t total, header_bytes, offset, payload_bytes;
  bool more;
  Bytes options;
};

Piece piece_of(const Bytes& frame) {
  const rte_ipv4_hdr& ip = ipv4_header(frame);
  const std::size_t header_bytes = (ip.version_ihl & 0xfu) * 4u;
  const unsigned word = ntohs(ip.fragment_offset);
  const std::size_t total = ntohs(ip.total_length);
  const auto options = frame.begin() + RTE_ETHER_HDR_LEN + sizeof(ip);
  return {total,
          header_bytes,
          (word & RTE_IPV4_HDR_OFFSET_MASK) * 8u,
          total - header_bytes,
          (word & RTE_IPV4_HDR_MF_FLAG) != 0,
          {options, options + static_cast<std::ptrdiff_t>(header_bytes - sizeof(ip))}};
}

struct Cutter : Buffers {
  // The fragments' bytes, which are checked to be frames that a port takes.
  std::vector<Bytes> cut(const Bytes& packet, std::uint16_t mtu, std::size_t segment_bytes = 2048) {
    rte_mbuf* mbuf = frame(packet, segment_bytes);
    Fragments fragments;
    REQUIRE_FALSE(fragment_ipv4(pool, *mbuf, mtu, fragments));
    CHECK(bytes_of(*mbuf) == packet);
    free(mbuf);
    std::vector<Bytes> frames;
    for (rte_mbuf* fragment : fragments) {
      CHECK(fragment->nb_segs == 1);
      CHECK(RTE_MBUF_DIRECT(fragment));
      CHECK(fragment->pool == buffers.pool());
      frames.push_back(bytes_of(*fragment));
      CHECK(std::equal(packet.begin(), packet.begin() + RTE_ETHER_HDR_LEN, frames.back().begin()));
      const rte_ipv4_hdr& ip = ipv4_header(frames.back());
      CHECK(frames.back().size() == std::size_t{RTE_ETHER_HDR_LEN} + ntohs(ip.total_length));
      CHECK(sum_words(&ip, (ip.version_ihl & 0xfu) * 4u) == 0xffff);
      free(fragment);
    }
    return frames;
  }
  std::optional<DropReason> why_not(const Bytes& packet, std::uint16_t mtu) {
    rte_mbuf* mbuf = frame(packet);
    Fragments fragments;
    const auto why = fragment_ipv4(pool, *mbuf, mtu, fragments);
    CHECK(fragments.count == 0);
    free(mbuf);
    CHECK(all_back());
    return why;
  }
};

}  // namespace

TEST_CASE("RFC 791 3.2: fragments are in order and each is as long as the MTU allows") {
  Cutter cutter;
  const Bytes packet = frame_of(Ipv4Packet{.payload = payload(1480)});
  CHECK(exceeds(ipv4_header(packet), 1499));
  CHECK_FALSE(exceeds(ipv4_header(packet), 1500));
  const auto frames = cutter.cut(packet, 579);  // 559 bytes of room: 552 of them in multiples of 8
  REQUIRE(frames.size() == 3);
  CHECK(piece_of(frames[0]).payload_bytes == 552);
  CHECK(piece_of(frames[1]).offset == 552);
  CHECK(piece_of(frames[1]).more);
  CHECK(piece_of(frames[2]).offset == 1104);
  CHECK(piece_of(frames[2]).payload_bytes == 376);
  CHECK_FALSE(piece_of(frames[2]).more);
  CHECK(cutter.all_back());
}

TEST_CASE("the last fragment takes what fits, though it is no multiple of 8") {
  Cutter cutter;
  const auto frames = cutter.cut(frame_of(Ipv4Packet{.payload = payload(552 + 559)}), 579);
  REQUIRE(frames.size() == 2);
  CHECK(piece_of(frames[1]).payload_bytes == 559);
}

TEST_CASE("RFC 791 3.2: options without the copy bit are in the first fragment only") {
  Cutter cutter;
  const Bytes options =
      joined({kRouterAlert, kTimestamp, {kNop}, kRecordRoute, kSecurity, {kNop, kEnd}, {9, 9, 9}});
  const auto frames = cutter.cut(frame_of(Ipv4Packet{.payload = payload(1000), .options = options}), 256);
  REQUIRE(frames.size() == 5);
  CHECK(piece_of(frames[0]).options == options);
  const Bytes copied = joined({kRouterAlert, kSecurity, {kEnd}});
  for (std::size_t i = 1; i < frames.size(); ++i) CHECK(piece_of(frames[i]).options == copied);
  CHECK(piece_of(frames[0]).payload_bytes == 200);  // 256 - 20 - 36
  CHECK(piece_of(frames[1]).payload_bytes == 216);  // 256 - 20 - 16, in multiples of 8
}

TEST_CASE("later fragments are longer where the options stay in the first") {
  Cutter cutter;
  const auto frames =
      cutter.cut(frame_of(Ipv4Packet{.payload = payload(88 + 104 * 2), .options = kTimestamp}), 124);
  REQUIRE(frames.size() == 3);
  CHECK(piece_of(frames[0]).payload_bytes == 96);
  CHECK(piece_of(frames[1]).payload_bytes == 104);
  CHECK(piece_of(frames[2]).options.empty());
}

TEST_CASE("malformed options end the list of those that are copied") {
  Cutter cutter;
  const auto later_options = [&](const Bytes& options) {
    const auto frames = cutter.cut(frame_of(Ipv4Packet{.payload = payload(200), .options = options}), 100);
    CHECK(piece_of(frames.front()).options == options);
    return piece_of(frames.back()).options;
  };
  CHECK(later_options(joined({kRouterAlert, {0x88, 0, 0, 0}})) == kRouterAlert);           // no length
  CHECK(later_options(joined({kRouterAlert, {0x88, 1, 0, 0}})) == kRouterAlert);           // below its own
  CHECK(later_options(joined({kRouterAlert, {0x88, 5, 0, 0}})) == kRouterAlert);           // past the header
  CHECK(later_options(joined({kRouterAlert, {kNop, kNop, kNop, 0x88}})) == kRouterAlert);  // ends in it
}

TEST_CASE("a fragment is cut further: offsets go on from its own, and more follow where more followed") {
  Cutter cutter;
  const Ipv4Packet middle{.payload = payload(400), .offset = 1600, .more = true};
  const auto frames = cutter.cut(frame_of(middle), 220);
  REQUIRE(frames.size() == 2);
  CHECK(piece_of(frames[0]).offset == 1600);
  CHECK(piece_of(frames[1]).offset == 1800);
  CHECK(piece_of(frames[0]).more);
  CHECK(piece_of(frames[1]).more);
  const Ipv4Packet last{.payload = payload(400), .offset = 1600, .more = false};
  const auto ends = cutter.cut(frame_of(last), 220);
  CHECK(piece_of(ends[0]).more);
  CHECK_FALSE(piece_of(ends[1]).more);
}

TEST_CASE("segments and link padding of the packet are not seen in its fragments") {
  Cutter cutter;
  const Bytes packet = frame_of(Ipv4Packet{.payload = payload(1000)});
  Bytes padded = packet;
  padded.resize(packet.size() + 46, 0xee);
  const auto frames = cutter.cut(packet, 300);
  CHECK(cutter.cut(padded, 300) == frames);
  CHECK(cutter.cut(packet, 300, 77) == frames);
  CHECK(cutter.all_back());
}

TEST_CASE("a packet that fits is one fragment, itself") {
  Cutter cutter;
  for (const std::size_t bytes : {0, 1, 8}) {
    const Bytes packet = frame_of(Ipv4Packet{.payload = payload(bytes)});
    CHECK(cutter.cut(packet, 1500, 34) == std::vector<Bytes>{packet});
  }
}

TEST_CASE("what cannot be cut says why, and leaves nothing behind") {
  Cutter cutter;
  const Bytes packet = frame_of(Ipv4Packet{.payload = payload(1000)});
  SECTION("it says so itself") {
    Bytes fixed = packet;
    auto& ip = *reinterpret_cast<rte_ipv4_hdr*>(&fixed[RTE_ETHER_HDR_LEN]);
    ip.fragment_offset = htons(RTE_IPV4_HDR_DF_FLAG);
    CHECK_FALSE(may_be_cut(ip));
    CHECK(cutter.why_not(fixed, 500) == DropReason::too_big);
  }
  SECTION("no room for a payload, or for all the fragments") {
    CHECK(cutter.why_not(packet, 20) == DropReason::cannot_fragment);
    CHECK(cutter.why_not(packet, 27) == DropReason::cannot_fragment);
    CHECK(cutter.why_not(packet, 28) == DropReason::cannot_fragment);  // 125 of them
    CHECK(cutter.why_not(packet, 0) == DropReason::cannot_fragment);
    CHECK(cutter.why_not(frame_of(Ipv4Packet{.options = kTimestamp}), 27) == DropReason::cannot_fragment);
  }
  SECTION("an MTU above a buffer's room") {
    CHECK(cutter.why_not(packet, 9000) == DropReason::cannot_fragment);
  }
  SECTION("an end past the longest datagram") {
    const Ipv4Packet past{.payload = payload(1000), .offset = 65000};
    CHECK(cutter.why_not(frame_of(past), 500) == DropReason::fragment_invalid);
  }
  SECTION("lengths that lie") {
    Bytes wrong = packet;
    wrong[RTE_ETHER_HDR_LEN] = 0x44;
    CHECK(cutter.why_not(wrong, 500) == DropReason::bad_header_length);
    wrong = packet;
    wrong.resize(wrong.size() - 1);
    CHECK(cutter.why_not(wrong, 500) == DropReason::bad_total_length);
    wrong.resize(RTE_ETHER_HDR_LEN + 19);
    CHECK(cutter.why_not(wrong, 500) == DropReason::truncated);
  }
  SECTION("buffers ran out, of which none is kept") {
    std::vector<rte_mbuf*> taken(1021);
    REQUIRE(cutter.pool.make(taken.data(), 1021));
    rte_mbuf* mbuf = cutter.frame(packet);
    Fragments fragments;
    CHECK(fragment_ipv4(cutter.pool, *mbuf, 500, fragments) == DropReason::cannot_fragment);
    CHECK(fragments.count == 0);
    CHECK(cutter.buffers.in_use() == 1022);
    CHECK(cutter.agent.in_flight() == 1022);
    cutter.free(mbuf);
    cutter.agent.free(taken.data(), 1021);
  }
  CHECK(cutter.all_back());
}

TEST_CASE("fragments of several packets share an array while there is room") {
  Cutter cutter;
  rte_mbuf* mbuf = cutter.frame(frame_of(Ipv4Packet{.payload = payload(1000)}));
  Fragments fragments;
  CHECK_FALSE(fragment_ipv4(cutter.pool, *mbuf, 60, fragments));  // 25
  CHECK_FALSE(fragment_ipv4(cutter.pool, *mbuf, 60, fragments));
  CHECK(fragment_ipv4(cutter.pool, *mbuf, 60, fragments) == DropReason::cannot_fragment);
  CHECK(fragments.count == 50);
  cutter.agent.free(fragments.begin(), 50);
  cutter.free(mbuf);
  CHECK(cutter.all_back());
}

TEST_CASE(
    "RFC 8200 4.5: the headers for nodes on the way are in every IPv6 fragment, the others in the first") {
  Buffers buffers;
  const Extension hop{IPPROTO_HOPOPTS, {1, 4, 0, 0, 0, 0}}, before{IPPROTO_DSTOPTS, Bytes(14, 0)},
      routing{IPPROTO_ROUTING, {4, 0, 0, 0, 0, 0}}, behind{IPPROTO_DSTOPTS, {1, 4, 9, 9, 9, 9}};
  const Ipv6Packet packet{
      .payload = payload(2000), .extensions = {hop, before, routing, behind}, .next = IPPROTO_ICMPV6};
  const Bytes whole = frame_of(packet);
  CHECK(exceeds(ipv6_header(whole), 2079));
  CHECK_FALSE(exceeds(ipv6_header(whole), 2080));
  rte_mbuf* mbuf = buffers.frame(whole, 500);
  Fragments fragments;
  REQUIRE_FALSE(fragment_ipv6(buffers.pool, *mbuf, 1280, htonl(0xfeed), fragments));
  buffers.free(mbuf);
  REQUIRE(fragments.count == 2);
  // 1280 - 40 - 8 - 16 - 8 - 8: 1200 bytes of the fragmentable part, of which `behind` is the first.
  const Bytes body(packet.payload.begin(), packet.payload.begin() + 1192);
  const Ipv6Packet first{.payload = body,
                         .extensions = {hop, before, routing, fragment_header(0, true), behind},
                         .next = IPPROTO_ICMPV6};
  CHECK(bytes_of(*fragments.frames[0]) == frame_of(first));
  const Ipv6Packet second{.payload = {packet.payload.begin() + 1192, packet.payload.end()},
                          .extensions = {hop, before, routing, fragment_header(1200, false)},
                          .next = IPPROTO_DSTOPTS};
  CHECK(bytes_of(*fragments.frames[1]) == frame_of(second));
  buffers.agent.free(fragments.begin(), 2);
  CHECK(buffers.all_back());
}

TEST_CASE("an IPv6 packet that is a fragment, or whose headers do not end, is not cut") {
  Buffers buffers;
  const auto why_not = [&](const Bytes& bytes) {
    rte_mbuf* mbuf = buffers.frame(bytes);
    Fragments fragments;
    const auto why = fragment_ipv6(buffers.pool, *mbuf, 1280, 1, fragments);
    CHECK(fragments.count == 0);
    buffers.free(mbuf);
    return why;
  };
  CHECK(why_not(frame_of(Ipv6Packet{.payload = payload(1500), .extensions = {fragment_header(0, true)}})) ==
        DropReason::fragment_invalid);
  CHECK(why_not(frame_of(Ipv6Packet{.payload = Bytes(9, 0xff), .next = IPPROTO_HOPOPTS})) ==
        DropReason::fragment_invalid);
  Bytes cut = frame_of(Ipv6Packet{.payload = payload(1500)});
  cut.resize(cut.size() - 1);
  CHECK(why_not(cut) == DropReason::bad_total_length);
  cut.resize(53);
  CHECK(why_not(cut) == DropReason::truncated);
  CHECK(buffers.all_back());
}
