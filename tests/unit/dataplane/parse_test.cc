#include <memory>
#include <vector>

#include <netinet/in.h>

#include <catch2/catch.hpp>

#include "dataplane/datapath/checksum.h"
#include "dataplane/datapath/ip/ipv4_parse.h"
#include "tests/unit/random.h"

using namespace stillwater;
using namespace stillwater::dataplane;

namespace {

// A frame that ends where its memory ends, so that the address sanitizer sees one byte too many read.
struct Frame {
  explicit Frame(const std::vector<std::uint8_t>& bytes) : memory(new std::uint8_t[bytes.size()]) {
    std::copy(bytes.begin(), bytes.end(), memory.get());
    mbuf.buf_addr = memory.get();
    mbuf.data_off = 0;
    mbuf.data_len = static_cast<std::uint16_t>(bytes.size());
    mbuf.pkt_len = static_cast<std::uint32_t>(bytes.size());
    mbuf.nb_segs = 1;
  }
  std::unique_ptr<std::uint8_t[]> memory;
  std::unique_ptr<rte_mbuf> owned = std::make_unique<rte_mbuf>();
  rte_mbuf& mbuf = *owned;
};

// A frame whose IPv4 header holds up, of `ihl` words and `payload` bytes.
std::vector<std::uint8_t> ipv4_frame(std::uint8_t protocol, unsigned ihl, unsigned payload) {
  std::vector<std::uint8_t> bytes(RTE_ETHER_HDR_LEN + ihl * 4 + payload);
  auto* ip = reinterpret_cast<rte_ipv4_hdr*>(&bytes[RTE_ETHER_HDR_LEN]);
  ip->version_ihl = static_cast<std::uint8_t>(0x40 | ihl);
  ip->total_length = htons(static_cast<std::uint16_t>(ihl * 4 + payload));
  ip->next_proto_id = protocol;
  ip->time_to_live = 64;
  ip->src_addr = htonl(0x0a500102);
  ip->dst_addr = htonl(0x0a500202);
  ip->hdr_checksum = checksum_of(ip, ihl * 4);
  return bytes;
}

void parse_all(const std::vector<std::uint8_t>& bytes) {
  Frame frame(bytes);
  Packet packet{.mbuf = &frame.mbuf};
  if (parse_ipv4(packet)) return;
  REQUIRE(packet.l4 + packet.l4_bytes <= frame.memory.get() + bytes.size());
  (void)parse_flow(packet);
}

}  // namespace

TEST_CASE("no frame cut short anywhere makes the parser read past its end") {
  for (const std::uint8_t protocol : {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_SCTP}) {
    const auto ihl = GENERATE(5u, 6u, 15u);
    const std::vector<std::uint8_t> whole = ipv4_frame(protocol, ihl, 40);
    for (std::size_t cut = RTE_ETHER_HDR_LEN; cut <= whole.size(); ++cut)
      parse_all({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut)});
    for (unsigned payload = 0; payload < 40; ++payload) parse_all(ipv4_frame(protocol, ihl, payload));
  }
}

TEST_CASE("no garbage makes the parser read past its end") {
  const auto seed = GENERATE(1u, 2u, 3u);
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 20'000; ++round) {
    const std::uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
    std::vector<std::uint8_t> bytes = ipv4_frame(protocols[random() % 3], 5 + random() % 11, random() % 60);
    const std::size_t header = (bytes[RTE_ETHER_HDR_LEN] & 0xfu) * 4;
    for (unsigned flips = random() % 4; flips > 0; --flips)
      bytes[RTE_ETHER_HDR_LEN + random() % (bytes.size() - RTE_ETHER_HDR_LEN)] =
          static_cast<std::uint8_t>(random());
    // Half of the headers get a checksum that holds, so that what lies behind it is reached.
    auto* ip = reinterpret_cast<rte_ipv4_hdr*>(&bytes[RTE_ETHER_HDR_LEN]);
    if (random() % 2 == 0) {
      ip->hdr_checksum = 0;
      ip->hdr_checksum = checksum_of(ip, header);
    }
    const std::size_t cut = random() % 8 % (bytes.size() - RTE_ETHER_HDR_LEN);
    parse_all({bytes.begin(), bytes.end() - static_cast<std::ptrdiff_t>(cut)});
  }
}

TEST_CASE("link padding is cut off behind the IPv4 total length") {
  std::vector<std::uint8_t> bytes = ipv4_frame(IPPROTO_UDP, 5, 12);
  const std::size_t size = bytes.size();
  bytes.resize(60);
  Frame frame(bytes);
  Packet packet{.mbuf = &frame.mbuf};
  REQUIRE_FALSE(parse_ipv4(packet));
  CHECK(frame.mbuf.pkt_len == size);
  CHECK(packet.l4_bytes == 12);
}

TEST_CASE("a flow is read with its ports, an echo with its identifier twice") {
  std::vector<std::uint8_t> bytes = ipv4_frame(IPPROTO_ICMP, 5, 8);
  auto* icmp = reinterpret_cast<rte_icmp_hdr*>(&bytes[RTE_ETHER_HDR_LEN + 20]);
  icmp->icmp_type = RTE_IP_ICMP_ECHO_REQUEST;
  icmp->icmp_ident = htons(77);
  Frame frame(bytes);
  Packet packet{.mbuf = &frame.mbuf};
  REQUIRE_FALSE(parse_ipv4(packet));
  REQUIRE_FALSE(parse_flow(packet));
  CHECK(packet.key.source_port_be == htons(77));
  CHECK(packet.key.destination_port_be == htons(77));
  CHECK(packet.icmp_type == RTE_IP_ICMP_ECHO_REQUEST);
}
