// Flows of IPv6: one reading of headers for parser, look-ahead and steering; one owner for both directions.
#include <array>
#include <set>

#include <rte_thash.h>

#include "dataplane/datapath/ip/ipv6_headers.h"
#include "dataplane/datapath/ip/ipv6_parse.h"
#include "dataplane/datapath/steering/flow_hash.h"
#include "dataplane/datapath/steering/steering.h"
#include "tests/unit/dataplane/firewall6.h"
#include "tests/unit/random.h"

namespace stillwater::dataplane {
namespace {

// Ends where its memory ends, so that the address sanitizer sees one byte too many read.
struct Frame {
  explicit Frame(const Bytes& bytes) : memory(new std::uint8_t[bytes.size()]) {
    std::copy(bytes.begin(), bytes.end(), memory.get());
    mbuf->buf_addr = memory.get();
    mbuf->buf_len = mbuf->data_len = static_cast<std::uint16_t>(bytes.size());
    mbuf->pkt_len = mbuf->data_len;
    mbuf->nb_segs = 1;
  }
  std::unique_ptr<std::uint8_t[]> memory;
  std::unique_ptr<rte_mbuf> mbuf = std::make_unique<rte_mbuf>();
};

Steering steering_of(unsigned workers) {
  Config config = firewall_config("in", "out");
  config.workers = workers;
  return Steering(config);
}

unsigned owner_of(const Steering& steering, const Bytes& bytes) { return steering.owner(*Frame(bytes).mbuf); }

IpAddress random_address(Random& random) {
  IpAddress address = kHost6;
  for (std::size_t i = 6; i < address.bytes.size(); ++i)
    address.bytes[i] = static_cast<std::uint8_t>(random());
  return address;
}

Flow6 random_flow(Random& random) {
  return {random_address(random), random_address(random), static_cast<std::uint16_t>(random()),
          static_cast<std::uint16_t>(random())};
}

// As many as a packet may have, in an order that RFC 8200 allows, of no fragment.
std::vector<Extension> random_chain(Random& random) {
  std::vector<Extension> chain;
  if (random() % 3 == 0) chain.push_back({IPPROTO_HOPOPTS, Bytes(6, 0)});
  for (unsigned left = random() % 5; left != 0; --left) {
    const unsigned kind = random() % 3;
    if (kind == 0) chain.push_back({IPPROTO_DSTOPTS, Bytes(6 + 8 * (random() % 4), 0)});
    if (kind == 1) chain.push_back({IPPROTO_ROUTING, Bytes(6 + 8 * (random() % 4), 0)});  // no segments left
    if (kind == 2) chain.push_back(fragment_header(0, false, random()));
  }
  return chain;
}

Bytes with_chain(const Flow6& flow, std::vector<Extension> chain) {
  const Bytes plain = udp6_frame(kHostMac, kInMac, flow);
  const Bytes udp(plain.begin() + RTE_ETHER_HDR_LEN + sizeof(rte_ipv6_hdr), plain.end());
  Bytes frame =
      frame_of(Ipv6Packet{.payload = udp, .extensions = std::move(chain), .source = flow.source.bytes});
  auto* ip6 = reinterpret_cast<rte_ipv6_hdr*>(&frame[RTE_ETHER_HDR_LEN]);
  std::copy(flow.destination.bytes.begin(), flow.destination.bytes.end(), ip6->dst_addr);
  return frame;
}

// None: it is none, and the parser says why.
std::optional<region::FlowKey6> parsed_flow(Frame& frame) {
  Packet packet{.mbuf = frame.mbuf.get()};
  if (parse_ipv6(packet) || find_transport(packet)) return std::nullopt;
  if (parse_flow6(packet)) return std::nullopt;
  return packet.key6;
}

}  // namespace

TEST_CASE("the flow hash of IPv6 is RSS's under the symmetric key, both ways alike") {
  Random random(21);
  std::uint8_t key[40];
  for (unsigned i = 0; i < sizeof(key); ++i) key[i] = i % 2 == 0 ? 0x6d : 0x5a;
  for (int i = 0; i < 1000; ++i) {
    const Flow6 flow = random_flow(random);
    std::uint32_t tuple[9];
    for (unsigned word = 0; word < 8; ++word) {
      const auto& bytes = word < 4 ? flow.source.bytes : flow.destination.bytes;
      std::uint32_t word_be;
      std::memcpy(&word_be, &bytes[word % 4 * 4], sizeof(word_be));
      tuple[word] = ntohl(word_be);
    }
    tuple[8] = std::uint32_t{flow.source_port} << 16 | flow.destination_port;
    const std::uint32_t expected = rte_softrss(tuple, 9, key);
    const auto hash = [](const Flow6& f) {
      return flow_hash(f.source.bytes, f.destination.bytes, htons(f.source_port), htons(f.destination_port));
    };
    REQUIRE(hash(flow) == expected);
    REQUIRE(hash(back(flow)) == expected);
  }
}

TEST_CASE("IPv6: both directions of a flow and errors about it have one owner, and flows spread") {
  Random random(22);
  for (unsigned workers = 1; workers <= kWorkersMax; ++workers) {
    const Steering steering = steering_of(workers);
    std::vector<unsigned> flows(workers);
    for (int i = 0; i < 1000; ++i) {
      const Flow6 flow = random_flow(random);
      const Bytes sent = with_chain(flow, random_chain(random));
      const unsigned owner = owner_of(steering, sent);
      REQUIRE(owner < workers);
      REQUIRE(owner_of(steering, with_chain(back(flow), random_chain(random))) == owner);
      REQUIRE(owner_of(steering, too_big6_frame(2, 1, random_address(random), sent)) == owner);
      ++flows[owner];
    }
    for (const unsigned count : flows) CHECK(count > 1000 / workers / 2);
  }
}

TEST_CASE("IPv6: fragments of a datagram meet; what is for many of a link stays where it came") {
  Random random(23);
  const Steering steering = steering_of(5);
  for (int i = 0; i < 300; ++i) {
    Flow6 flow = random_flow(random);
    const unsigned first = owner_of(steering, with_chain(flow, {fragment_header(0, true)}));
    REQUIRE(first < 5);
    flow.source_port = static_cast<std::uint16_t>(random());
    REQUIRE(owner_of(steering, with_chain(flow, {fragment_header(1280, false)})) == first);
    flow.destination = ip("ff02::1");
    REQUIRE(owner_of(steering, udp6_frame(1, 2, flow)) == Steering::kNobody);
  }
  const Bytes question = neighbour_question6(kHostMac, kInMac, kHost6, ip("2001:db8:1::1"));
  CHECK(owner_of(steering, question) == Steering::kEveryone);
}

TEST_CASE("IPv6: parser and look-ahead read the same flow behind any chain, and none of a fragment") {
  Random random(24);
  for (int i = 0; i < 2000; ++i) {
    const Flow6 flow = random_flow(random);
    Frame frame(with_chain(flow, random_chain(random)));
    const auto parsed = parsed_flow(frame);
    REQUIRE(parsed);
    REQUIRE(address_of(parsed->source) == flow.source);
    REQUIRE(parsed->destination_port_be == htons(flow.destination_port));
    REQUIRE(flow6_of(*frame.mbuf) == parsed);
    auto chain = random_chain(random);
    chain.push_back(fragment_header(random() % 2 == 0 ? 0 : 8, true));
    Frame fragment(with_chain(flow, chain));
    REQUIRE_FALSE(parsed_flow(fragment));
    REQUIRE_FALSE(flow6_of(*fragment.mbuf));
  }
}

TEST_CASE("IPv6: no cut and no garbage makes the readers read past a frame's end") {
  Random random(25);
  const Steering steering = steering_of(3);
  for (int i = 0; i < 3000; ++i) {
    Bytes bytes = with_chain(random_flow(random), random_chain(random));
    for (unsigned changes = random() % 4; changes != 0; --changes)
      bytes[RTE_ETHER_HDR_LEN + random() % (bytes.size() - RTE_ETHER_HDR_LEN)] ^=
          static_cast<std::uint8_t>(random());
    bytes.resize(1 + random() % bytes.size());
    Frame frame(bytes);
    const unsigned owner = steering.owner(*frame.mbuf);
    REQUIRE((owner < 3 || owner == Steering::kNobody || owner == Steering::kEveryone));
    (void)flow6_of(*frame.mbuf);
    if (bytes.size() >= RTE_ETHER_HDR_LEN) (void)parsed_flow(frame);
  }
}

}  // namespace stillwater::dataplane
