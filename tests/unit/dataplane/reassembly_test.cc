// Fragments that anybody may have made.
#include "dataplane/datapath/fragments/reassembly.h"

#include <catch2/catch.hpp>

#include "tests/unit/dataplane/assembler.h"

using namespace stillwater;
using namespace stillwater::dataplane;

namespace {

using Kind = Reassembled::Kind;

const Bytes kPayload = [] {
  Random random(3);
  return random_bytes(random, 64);
}();

Bytes part_of_payload(std::size_t begin, std::size_t end) {
  return {kPayload.begin() + static_cast<std::ptrdiff_t>(begin),
          kPayload.begin() + static_cast<std::ptrdiff_t>(end)};
}

// Bytes begin..end-1 of one datagram of 64.
Bytes four(std::uint16_t begin, std::size_t end) {
  return frame_of(Ipv4Packet{.payload = part_of_payload(begin, end), .offset = begin, .more = end != 64});
}
Bytes six(std::uint16_t begin, std::size_t end) {
  return frame_of(
      Ipv6Packet{.payload = part_of_payload(begin, end), .extensions = {fragment_header(begin, end != 64)}});
}
using Fragment = Bytes (*)(std::uint16_t begin, std::size_t end);

Bytes whole(Fragment fragment) {
  return fragment == four ? frame_of(Ipv4Packet{.payload = kPayload})
                          : frame_of(Ipv6Packet{.payload = kPayload});
}

Bytes with_flipped_bit(Bytes frame) {
  frame.back() ^= 1;
  return frame;
}

}  // namespace

TEST_CASE("fragments are put together in any order, and nothing of them stays") {
  const auto fragment = GENERATE(as<Fragment>{}, four, six);
  Assembler assembler;
  CHECK(assembler.add(fragment(48, 64)) == Kind::taken);
  CHECK(assembler.add(fragment(8, 32)) == Kind::taken);
  CHECK(assembler.add(fragment(0, 8)) == Kind::taken);
  CHECK(assembler.agent.held() == 3);
  CHECK(assembler.add(fragment(32, 48)) == Kind::whole);
  CHECK(assembler.datagram == whole(fragment));
  CHECK(assembler.all_back());
}

TEST_CASE("RFC 5722: an overlap ends the datagram, of either family, and what comes of it later") {
  const auto fragment = GENERATE(as<Fragment>{}, four, six);
  const auto overlapping =
      GENERATE(std::pair<std::uint16_t, std::size_t>{0, 16}, std::pair<std::uint16_t, std::size_t>{8, 16},
               std::pair<std::uint16_t, std::size_t>{8, 40}, std::pair<std::uint16_t, std::size_t>{16, 24},
               std::pair<std::uint16_t, std::size_t>{24, 40}, std::pair<std::uint16_t, std::size_t>{0, 56});
  Assembler assembler;
  CHECK(assembler.add(fragment(8, 32)) == Kind::taken);
  CHECK(assembler.add(fragment(40, 64)) == Kind::taken);
  CHECK(assembler.add(fragment(overlapping.first, overlapping.second)) == Kind::refused);
  CHECK(assembler.refusal.why == DropReason::fragment_overlap);
  CHECK_FALSE(assembler.refusal.tell);
  CHECK(assembler.all_back());
  for (const auto& later : {fragment(0, 8), fragment(8, 40), fragment(40, 64)}) {
    CHECK(assembler.add(later) == Kind::refused);
    CHECK(assembler.refusal.why == DropReason::fragment_overlap);
  }
  CHECK(assembler.dropped(DropReason::fragment_overlap) == 6);
}

TEST_CASE("the identification of a datagram that was ended is free again when its time is over") {
  const auto fragment = GENERATE(as<Fragment>{}, four, six);
  Assembler assembler;
  CHECK(assembler.add(fragment(0, 16)) == Kind::taken);
  CHECK(assembler.add(fragment(8, 24)) == Kind::refused);
  CHECK(assembler.wait(60s).empty());
  CHECK(assembler.add(fragment(0, 16)) == Kind::taken);
  CHECK(assembler.add(fragment(16, 64)) == Kind::whole);
  CHECK(assembler.datagram == whole(fragment));
}

TEST_CASE("RFC 8200 4.5: an exact duplicate is refused alone, and the datagram lives") {
  const auto fragment = GENERATE(as<Fragment>{}, four, six);
  Assembler assembler;
  for (const auto& frame : {fragment(16, 32), fragment(48, 64), fragment(0, 16)}) {
    CHECK(assembler.add(frame) == Kind::taken);
    CHECK(assembler.add(frame) == Kind::refused);
    CHECK(assembler.refusal.why == DropReason::fragment_duplicate);
    CHECK(assembler.add(frame, 0, 70) == Kind::refused);  // in segments
    CHECK(assembler.refusal.why == DropReason::fragment_duplicate);
  }
  CHECK(assembler.add(fragment(32, 48)) == Kind::whole);
  CHECK(assembler.datagram == whole(fragment));
  CHECK(assembler.all_back());
}

TEST_CASE("a duplicate that differs in a byte, or says something else of the end, is an overlap") {
  const auto fragment = GENERATE(as<Fragment>{}, four, six);
  const auto at = GENERATE(std::uint16_t{0}, std::uint16_t{16}, std::uint16_t{48});
  Assembler assembler;
  CHECK(assembler.add(fragment(at, at + 16u)) == Kind::taken);
  SECTION("a byte") { CHECK(assembler.add(with_flipped_bit(fragment(at, at + 16u))) == Kind::refused); }
  SECTION("the end") {
    Bytes other = fragment(at, at + 16u);
    if (fragment == four)
      other[RTE_ETHER_HDR_LEN + 6] ^= RTE_IPV4_HDR_MF_FLAG >> 8;
    else
      other[RTE_ETHER_HDR_LEN + sizeof(rte_ipv6_hdr) + 3] ^= 1;
    if (at == 0) return;  // that would be no fragment
    CHECK(assembler.add(other) == Kind::refused);
  }
  CHECK(assembler.refusal.why == DropReason::fragment_overlap);
  CHECK(assembler.all_back());
}

TEST_CASE("fragments past the end, and two ends, end the datagram") {
  const auto fragment = GENERATE(as<Fragment>{}, four, six);
  Assembler assembler;
  const auto add_last = [&](std::uint16_t at, std::size_t bytes) {
    const Ipv4Packet last4{.payload = Bytes(bytes), .offset = at};
    const Ipv6Packet last6{.payload = Bytes(bytes), .extensions = {fragment_header(at, false)}};
    return fragment == four ? assembler.add(last4) : assembler.add(last6);
  };
  SECTION("more after the last") {
    CHECK(add_last(8, 12) == Kind::taken);
    CHECK(assembler.add(fragment(24, 32)) == Kind::refused);
  }
  SECTION("the last before others") {
    CHECK(assembler.add(fragment(40, 48)) == Kind::taken);
    CHECK(add_last(8, 8) == Kind::refused);
  }
  SECTION("a second end") {
    CHECK(assembler.add(fragment(56, 64)) == Kind::taken);
    CHECK(add_last(64, 8) == Kind::refused);
  }
  CHECK(assembler.refusal.why == DropReason::fragment_invalid);
  CHECK(assembler.all_back());
  CHECK(assembler.add(fragment(0, 8)) == Kind::refused);
  CHECK(assembler.refusal.why == DropReason::fragment_invalid);
}

TEST_CASE("a fragment that no datagram can have is refused alone, and the datagram lives") {
  Assembler assembler;
  CHECK(assembler.add(four(0, 16)) == Kind::taken);
  CHECK(assembler.add(six(0, 16)) == Kind::taken);
  const auto refused_with = [&](const auto& packet) {
    CHECK(assembler.add(packet) == Kind::refused);
    CHECK(assembler.refusal.why == DropReason::fragment_invalid);
    return assembler.refusal.tell;
  };
  SECTION("empty") {
    CHECK_FALSE(refused_with(Ipv4Packet{.offset = 16, .more = true}));
    CHECK_FALSE(refused_with(Ipv4Packet{.offset = 16}));
    CHECK_FALSE(refused_with(Ipv6Packet{.extensions = {fragment_header(16, true)}}));
    CHECK_FALSE(refused_with(Ipv6Packet{.extensions = {fragment_header(16, false)}}));
  }
  SECTION("no multiple of 8 bytes, and not the last; of IPv6 its source is told which field") {
    CHECK_FALSE(refused_with(Ipv4Packet{.payload = Bytes(17), .offset = 16, .more = true}));
    const auto tell =
        refused_with(Ipv6Packet{.payload = Bytes(17), .extensions = {fragment_header(16, true)}});
    REQUIRE(tell);
    CHECK(tell->code == 0);
    CHECK(tell->pointer == 4);
  }
  SECTION("past the longest datagram") {
    CHECK_FALSE(refused_with(Ipv4Packet{.payload = Bytes(16), .offset = 65504}));
    CHECK(assembler.add(Ipv4Packet{.payload = Bytes(11), .offset = 65504, .source = 1}) == Kind::taken);
    const Extension hop{IPPROTO_HOPOPTS, {1, 4, 0, 0, 0, 0}};
    const auto tell =
        refused_with(Ipv6Packet{.payload = Bytes(8), .extensions = {hop, fragment_header(65520, false)}});
    REQUIRE(tell);
    CHECK(tell->code == 0);
    CHECK(tell->pointer == 40 + 8 + 2);
    CHECK(assembler.add(Ipv6Packet{.payload = Bytes(7), .extensions = {fragment_header(65528, false, 9)}}) ==
          Kind::taken);
  }
  CHECK(assembler.add(four(16, 64)) == Kind::whole);
  CHECK(assembler.add(six(16, 64)) == Kind::whole);
}

TEST_CASE("a datagram whose first fragment's options make it longer than any is dropped whole") {
  Assembler assembler;
  for (std::uint32_t at = 8; at < 65504; at += 2032)
    CHECK(assembler.add(Ipv4Packet{.payload = Bytes(std::min<std::uint32_t>(2032, 65504 - at)),
                                   .offset = static_cast<std::uint16_t>(at),
                                   .more = true}) == Kind::taken);
  CHECK(assembler.add(Ipv4Packet{.payload = Bytes(8), .offset = 65504}) == Kind::taken);
  const Ipv4Packet first{.payload = Bytes(8), .more = true, .options = Bytes(4, 1)};
  CHECK(assembler.add(first) == Kind::taken);
  CHECK(assembler.dropped(DropReason::fragment_invalid) > 0);
  CHECK(assembler.all_back());
}

TEST_CASE("what is a datagram by itself comes back at once, whatever is held under its key") {
  Assembler assembler;
  CHECK(assembler.add(four(0, 16)) == Kind::taken);
  CHECK(assembler.add(six(0, 16)) == Kind::taken);
  CHECK(assembler.add(frame_of(Ipv4Packet{.payload = kPayload})) == Kind::whole);
  CHECK(assembler.datagram == frame_of(Ipv4Packet{.payload = kPayload}));
  const Extension hop{IPPROTO_HOPOPTS, {1, 4, 0, 0, 0, 0}};
  const Ipv6Packet atomic{.payload = kPayload, .extensions = {hop, fragment_header(0, false)}};  // RFC 6946
  CHECK(assembler.add(atomic) == Kind::whole);
  CHECK(assembler.datagram == frame_of(Ipv6Packet{.payload = kPayload, .extensions = {hop}}));
  CHECK(assembler.add(four(16, 64)) == Kind::whole);
  CHECK(assembler.add(six(16, 64)) == Kind::whole);
}

TEST_CASE("fragments of different datagrams are not mixed") {
  Assembler assembler;
  SECTION("another identification, source or protocol") {
    CHECK(assembler.add(four(0, 16)) == Kind::taken);
    Ipv4Packet other{.payload = part_of_payload(16, 64), .offset = 16};
    other.identification = 78;
    CHECK(assembler.add(other) == Kind::taken);
    other.identification = 77;
    other.source += 1;
    CHECK(assembler.add(other) == Kind::taken);
    other.source -= 1;
    other.protocol = IPPROTO_TCP;
    CHECK(assembler.add(other) == Kind::taken);
  }
  SECTION("link-local addresses of two links") {
    Ipv6Packet first{.payload = part_of_payload(0, 16), .extensions = {fragment_header(0, true)}};
    Ipv6Packet last{.payload = part_of_payload(16, 64), .extensions = {fragment_header(16, false)}};
    first.source = last.source = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    CHECK(assembler.add(first, 0) == Kind::taken);
    CHECK(assembler.add(last, 1) == Kind::taken);
    CHECK(assembler.add(last, 0) == Kind::whole);
  }
  SECTION("but a global address's may come by any") {
    CHECK(assembler.add(six(0, 16), 0) == Kind::taken);
    CHECK(assembler.add(six(16, 64), 1) == Kind::whole);
  }
}

TEST_CASE("RFC 8200 4.5: the first fragment says what follows, whatever later ones say") {
  Assembler assembler;
  Ipv6Packet later{.payload = part_of_payload(16, 64), .extensions = {fragment_header(16, false)}};
  later.next = IPPROTO_TCP;
  CHECK(assembler.add(later) == Kind::taken);
  CHECK(assembler.add(six(0, 16)) == Kind::whole);
  CHECK(assembler.datagram == whole(six));
}

TEST_CASE("RFC 7112: an IPv6 first fragment has all headers") {
  Assembler assembler;
  const Extension options{IPPROTO_DSTOPTS, {1, 4, 0, 0, 0, 0}};
  const auto first = [&](std::size_t bytes, std::uint8_t next, std::vector<Extension> behind) {
    Ipv6Packet packet{.payload = Bytes(bytes), .extensions = {fragment_header(0, true)}, .next = next};
    packet.extensions.insert(packet.extensions.end(), behind.begin(), behind.end());
    return assembler.add(packet);
  };
  const auto is_told = [&] {
    return assembler.refusal.why == DropReason::fragment_invalid && assembler.refusal.tell &&
           assembler.refusal.tell->code == 3 && assembler.refusal.tell->pointer == 0;
  };
  CHECK(first(16, IPPROTO_TCP, {}) == Kind::refused);
  CHECK(is_told());
  CHECK(first(0, IPPROTO_UDP, {options}) == Kind::refused);
  CHECK(is_told());
  CHECK(first(8, IPPROTO_DSTOPTS, {}) == Kind::refused);  // what it says to follow is not there
  CHECK(is_told());
  CHECK(first(8, IPPROTO_UDP, {options}) == Kind::taken);
}

TEST_CASE("a Fragment header inside a fragment is refused") {
  Assembler assembler;
  const Ipv6Packet nested{.payload = kPayload,
                          .extensions = {fragment_header(0, true), fragment_header(0, true)}};
  CHECK(assembler.add(nested) == Kind::refused);
  CHECK(assembler.refusal.why == DropReason::fragment_invalid);
  const Ipv6Packet atomic{.payload = kPayload,
                          .extensions = {fragment_header(0, false), fragment_header(0, false)}};
  CHECK(assembler.add(atomic) == Kind::refused);
}

TEST_CASE("frames that end inside a header, or before their packet, are refused") {
  Assembler assembler;
  for (const Bytes& frame : {four(0, 16), six(0, 16)}) {
    for (std::size_t bytes = RTE_ETHER_HDR_LEN + 1; bytes < frame.size(); ++bytes)
      CHECK(assembler.add(Bytes(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(bytes))) ==
            Kind::refused);
    for (std::size_t bytes = 1; bytes < 34; ++bytes) CHECK(assembler.add(frame, 0, bytes) == Kind::refused);
  }
  Bytes header_too_short = four(0, 16);
  header_too_short[RTE_ETHER_HDR_LEN] = 0x44;
  CHECK(assembler.add(header_too_short) == Kind::refused);
  CHECK(assembler.refusal.why == DropReason::bad_header_length);
  CHECK(assembler.add(frame_of(Ipv6Packet{.payload = kPayload})) == Kind::refused);  // no fragment at all
  CHECK(assembler.all_back());
}

TEST_CASE("link padding is no part of a datagram, and fragments may have segments") {
  const auto fragment = GENERATE(as<Fragment>{}, four, six);
  const std::size_t header_bytes = fragment == four ? 34 : 62;
  const auto more_bytes = GENERATE(std::size_t{0}, std::size_t{3}, std::size_t{2000});
  Assembler assembler;
  const auto add_padded = [&](std::uint16_t begin, std::size_t end, std::size_t segment_bytes) {
    Bytes frame = fragment(begin, end);
    frame.resize(frame.size() + 140, 0xee);
    return assembler.add(frame, 0, segment_bytes);
  };
  CHECK(add_padded(0, 8, header_bytes + 8 + more_bytes) == Kind::taken);
  CHECK(add_padded(24, 64, header_bytes + more_bytes) == Kind::taken);
  CHECK(add_padded(8, 24, header_bytes + more_bytes) == Kind::whole);
  CHECK(assembler.datagram == whole(fragment));
  CHECK(assembler.all_back());
}

TEST_CASE("RFC 3168 5.3: congestion that one fragment met, the datagram met") {
  const auto add = [](Assembler& assembler, bool is_ipv4, std::uint8_t first, std::uint8_t second) {
    const Ipv4Packet first4{.payload = part_of_payload(0, 16), .more = true, .tos = first};
    const Ipv4Packet second4{.payload = part_of_payload(16, 64), .offset = 16, .tos = second};
    const Ipv6Packet first6{
        .payload = part_of_payload(0, 16), .extensions = {fragment_header(0, true)}, .traffic_class = first};
    const Ipv6Packet second6{.payload = part_of_payload(16, 64),
                             .extensions = {fragment_header(16, false)},
                             .traffic_class = second};
    CHECK((is_ipv4 ? assembler.add(first4) : assembler.add(first6)) == Kind::taken);
    return is_ipv4 ? assembler.add(second4) : assembler.add(second6);
  };
  Assembler assembler;
  CHECK(add(assembler, true, 0xb8 | 2, 0xb8 | 3) == Kind::whole);
  CHECK(assembler.datagram == frame_of(Ipv4Packet{.payload = kPayload, .tos = 0xb8 | 3}));
  CHECK(add(assembler, false, 0xb8 | 1, 0xb8 | 3) == Kind::whole);
  CHECK(assembler.datagram == frame_of(Ipv6Packet{.payload = kPayload, .traffic_class = 0xb8 | 3}));
  CHECK(add(assembler, true, 0, 3) == Kind::taken);
  CHECK(add(assembler, false, 3, 0) == Kind::taken);
  CHECK(assembler.dropped(DropReason::fragment_invalid) == 4);
  CHECK(assembler.all_back());
}
