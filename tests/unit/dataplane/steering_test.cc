// Which worker owns a packet: a property of its headers alone, the same for both directions.
#include "dataplane/datapath/steering/steering.h"

#include <set>

#include <catch2/catch.hpp>
#include <rte_thash.h>

#include "ckpt_engine/region/port_bitmap.h"
#include "dataplane/control/route_table.h"
#include "dataplane/datapath/steering/flow_hash.h"
#include "tests/unit/dataplane/firewall.h"
#include "tests/unit/dpdk/eal_once.h"
#include "tests/unit/random.h"

using namespace stillwater;
using namespace stillwater::dataplane;

namespace {

Config with_workers(unsigned workers) {
  Config config = firewall_config("in", "out");
  config.workers = workers;
  return config;
}

// The frame's first segment, as a worker gets it.
struct Frame {
  explicit Frame(Bytes content) : bytes(std::move(content)), mbuf(std::make_unique<rte_mbuf>()) {
    mbuf->buf_addr = bytes.data();
    mbuf->buf_len = mbuf->data_len = static_cast<std::uint16_t>(bytes.size());
    mbuf->pkt_len = mbuf->data_len;
    mbuf->nb_segs = 1;
  }
  Bytes bytes;
  std::unique_ptr<rte_mbuf> mbuf;
};

unsigned owner_of(const Steering& steering, Bytes bytes) {
  return steering.owner(*Frame(std::move(bytes)).mbuf);
}

UdpFlow random_flow(Random& random) {
  return {ipv4(10, 80, 1, random() % 250), random() | 0x10000000u, static_cast<std::uint16_t>(random()),
          static_cast<std::uint16_t>(random())};
}

UdpFlow back(const UdpFlow& flow) {
  return {flow.destination, flow.source, flow.destination_port, flow.source_port};
}

}  // namespace

TEST_CASE("the flow hash is RSS's Toeplitz hash under the symmetric key, both ways alike") {
  Random random(7);
  std::uint8_t key[40];
  for (unsigned i = 0; i < sizeof(key); ++i) key[i] = i % 2 == 0 ? 0x6d : 0x5a;
  for (int i = 0; i < 2000; ++i) {
    const std::uint32_t a = random(), b = random();
    const auto pa = static_cast<std::uint16_t>(random()), pb = static_cast<std::uint16_t>(random());
    std::uint32_t tuple[3] = {a, b, std::uint32_t{pa} << 16 | pb};
    const std::uint32_t expected = rte_softrss(tuple, 3, key);
    REQUIRE(flow_hash(htonl(a), htonl(b), htons(pa), htons(pb)) == expected);
    REQUIRE(flow_hash(htonl(b), htonl(a), htons(pb), htons(pa)) == expected);
  }
}

TEST_CASE("both directions of a flow have one owner, and flows spread over all workers") {
  Random random(8);
  for (unsigned workers = 1; workers <= kWorkersMax; ++workers) {
    const Steering steering(with_workers(workers));
    std::vector<unsigned> flows(workers);
    for (int i = 0; i < 6000; ++i) {
      const UdpFlow flow = random_flow(random);
      const unsigned owner = owner_of(steering, udp_frame(1, 2, flow));
      REQUIRE(owner < workers);
      REQUIRE(owner_of(steering, udp_frame(2, 1, back(flow))) == owner);
      ++flows[owner];
    }
    for (const unsigned count : flows) CHECK(count > 6000 / workers / 2);
  }
}

TEST_CASE("an answer to a translated port belongs to the worker whose share the port is of") {
  const Steering steering(with_workers(3));
  for (unsigned port = 1; port < 65536; port += 7) {
    const auto nat_port = static_cast<std::uint16_t>(port);
    const UdpFlow answer{kServer, kOut, 53, nat_port};
    REQUIRE(owner_of(steering, udp_frame(1, 2, answer)) == region::PortBitmap::Share::owner(nat_port, 3));
  }
}

namespace {

Bytes by_address(const UdpFlow& flow, std::uint8_t protocol) {
  Bytes frame = udp_frame(1, 2, flow);
  frame[23] = protocol;
  return frame;
}

}  // namespace

TEST_CASE("GRE and ESP: both directions have one owner, and so has an ICMP error about them") {
  Random random(12);
  Config config = with_workers(4);
  config.source_nat.clear();
  const Steering steering(config);
  std::set<unsigned> owners;
  for (int i = 0; i < 400; ++i) {
    const auto protocol = static_cast<std::uint8_t>(i % 2 == 0 ? IPPROTO_GRE : IPPROTO_ESP);
    const UdpFlow flow = random_flow(random);
    const unsigned owner = owner_of(steering, by_address(flow, protocol));
    REQUIRE(owner_of(steering, by_address({flow.destination, flow.source, flow.source_port, 7}, protocol)) ==
            owner);
    const UdpFlow left{flow.source, flow.destination, 0, 0};
    Bytes about = icmp_error(1, 2, {flow.destination, left.source, 0, 0}, left);
    about[RTE_ETHER_HDR_LEN + sizeof(rte_ipv4_hdr) + sizeof(rte_icmp_hdr) + 9] = protocol;
    REQUIRE(owner_of(steering, about) == owner);
    owners.insert(owner);
  }
  CHECK(owners.size() == 4);
}

TEST_CASE("an ICMP error belongs to the owner of the session that it is about, from either side") {
  Random random(9);
  const Steering steering(with_workers(4));
  for (int i = 0; i < 1000; ++i) {
    const UdpFlow flow = random_flow(random);
    const unsigned owner = owner_of(steering, udp_frame(1, 2, flow));
    // A router behind the responder complains about the question, one behind the initiator about the answer.
    const UdpFlow from_router{random() | 0x10000000u, flow.source, 0, 0};
    REQUIRE(owner_of(steering, icmp_error(1, 2, from_router, flow)) == owner);
    REQUIRE(owner_of(steering, icmp_error(1, 2, from_router, back(flow))) == owner);

    const auto port = static_cast<std::uint16_t>(random());
    const UdpFlow translated{kOut, flow.destination, port, flow.destination_port};
    REQUIRE(owner_of(steering, icmp_error(1, 2, {flow.destination, kOut, 0, 0}, translated)) ==
            region::PortBitmap::Share::owner(port, 4));
  }
}

namespace {

// Hosts inside and outside of every kind of NAT, and routes to all of them.
struct Translated {
  static constexpr unsigned kWorkers = 5;
  static constexpr std::uint32_t kForwarded = ipv4(10, 80, 2, 7);

  Translated() : config(with_all_kinds()), nat(config), steering(config) {
    need_eal();
    auto made = RouteTable::create(config, [] { return Status{}; });
    if (!made) FAIL(made.error().message);
    routes = std::move(*made);
  }
  static Config with_all_kinds() {
    Config config = with_workers(kWorkers);
    config.routes = {{.to = {IpAddress::v4(0), 0}, .via = {{IpAddress::v4(htonl(kServer))}}}};
    config.source_nat = {
        {.from = {"inside"}, .to = {"outside"}, .sources = {{ipv4(10, 80, 1, 128), 26}}, .translates = false},
        {.from = {"inside"},
         .to = {"outside"},
         .pool = {{kOut, kOut}, {ipv4(10, 80, 2, 5), ipv4(10, 80, 2, 6)}}}};
    config.destination_nat = {{.from = {"outside"},
                               .address = kForwarded,
                               .protocol = IPPROTO_UDP,
                               .ports = {8000, 8999},
                               .to = ipv4(10, 80, 1, 130),
                               .to_ports = 1000}};
    config.static_nat = {
        {.at = {"outside"}, .outside = {ipv4(10, 80, 2, 64), 28}, .inside = {ipv4(10, 80, 1, 64), 28}}};
    return config;
  }
  [[nodiscard]] unsigned owner_of_frame(const Bytes& frame) const {
    return steering.owner(*Frame(frame).mbuf, routes->published().load());
  }
  [[nodiscard]] unsigned owner(const UdpFlow& flow) const { return owner_of_frame(udp_frame(1, 2, flow)); }

  Config config;
  NatTables nat;
  Steering steering;
  std::unique_ptr<RouteTable> routes;
};

}  // namespace

TEST_CASE("with NAT, GRE and ESP belong to the owner of their remote, both ways") {
  Random random(14);
  const Translated t;
  std::set<unsigned> owners;
  for (int i = 0; i < 400; ++i) {
    const auto protocol = static_cast<std::uint8_t>(i % 2 == 0 ? IPPROTO_GRE : IPPROTO_ESP);
    const std::uint32_t remote = (random() & 0x1fffffffu) | 0x20000000u;
    const unsigned owner =
        t.owner_of_frame(by_address({ipv4(10, 80, 1, 2 + random() % 60), remote, 0, 0}, protocol));
    REQUIRE(t.owner_of_frame(by_address({remote, kOut, 0, 0}, protocol)) == owner);
    REQUIRE(t.owner_of_frame(by_address({remote, ipv4(10, 80, 2, 5), 0, 0}, protocol)) == owner);
    owners.insert(owner);
  }
  CHECK(owners.size() == Translated::kWorkers);
}

TEST_CASE("with NAT, an endpoint inside has one owner whatever it speaks to, and so have its answers") {
  Random random(12);
  const Translated t;
  std::vector<unsigned> flows(Translated::kWorkers);
  for (int i = 0; i < 3000; ++i) {
    const std::uint32_t inside = ipv4(10, 80, 1, 2 + random() % 250);
    const auto port = static_cast<std::uint16_t>(random());
    const bool keeps = ((inside ^ ipv4(10, 80, 1, 128)) & 0xffffffc0u) == 0;
    const bool is_static = ((inside ^ ipv4(10, 80, 1, 64)) & 0xfffffff0u) == 0;
    std::set<unsigned> owners;
    for (int n = 0; n < 4; ++n) {
      const UdpFlow out{inside, (random() & 0x1fffffffu) | 0x20000000u, port,
                        static_cast<std::uint16_t>(random())};
      const unsigned owner = t.owner(out);
      ++flows[owner];
      owners.insert(owner);
      if (keeps) REQUIRE(t.owner(back(out)) == owner);
      if (is_static) {
        const std::uint32_t seen = inside - ipv4(10, 80, 1, 64) + ipv4(10, 80, 2, 64);
        REQUIRE(t.owner(back({seen, out.destination, port, out.destination_port})) == owner);
      }
    }
    if (!keeps) REQUIRE(owners.size() == 1);
    // By its endpoint outside it is spoken to from inside as well: that goes the source's way.
    if (!keeps && !is_static) REQUIRE(t.owner({inside, kOut, port, 5555}) == *owners.begin());
  }
  for (const unsigned count : flows) CHECK(count > 12000 / Translated::kWorkers / 2);
}

TEST_CASE(
    "with NAT, what comes to a port of a pool belongs to the port's owner, and a forward to the host's") {
  Random random(13);
  const Translated t;
  for (int i = 0; i < 3000; ++i) {
    const std::uint32_t remote = (random() & 0x1fffffffu) | 0x20000000u;
    const auto remote_port = static_cast<std::uint16_t>(random());
    const auto pool_port = static_cast<std::uint16_t>(1024 + random() % 60000);
    REQUIRE(t.owner({remote, ipv4(10, 80, 2, 6), remote_port, pool_port}) ==
            region::PortBitmap::Share::owner(pool_port, Translated::kWorkers));
    const auto nth = static_cast<std::uint16_t>(random() % 1000);
    const unsigned owner =
        t.owner({remote, Translated::kForwarded, remote_port, static_cast<std::uint16_t>(8000 + nth)});
    const UdpFlow answer{ipv4(10, 80, 1, 130), remote, static_cast<std::uint16_t>(1000 + nth), remote_port};
    REQUIRE(t.owner(answer) == owner);
  }
}

TEST_CASE("with NAT, sessions that keep their source through it have one owner both ways") {
  Random random(14);
  const Translated t;
  for (int i = 0; i < 3000; ++i) {  // from outside to hosts inside, by their own addresses
    const UdpFlow in{(random() & 0x1fffffffu) | 0x20000000u, ipv4(10, 80, 1, 2 + random() % 250),
                     static_cast<std::uint16_t>(random()), static_cast<std::uint16_t>(random())};
    REQUIRE(t.owner(back(in)) == t.owner(in));
    const UdpFlow among{ipv4(10, 80, 1, 2 + random() % 250), ipv4(10, 80, 1, 2 + random() % 250),
                        static_cast<std::uint16_t>(random()), static_cast<std::uint16_t>(random())};
    REQUIRE(t.owner(back(among)) == t.owner(among));
  }
}

TEST_CASE("all fragments of a datagram meet at one worker") {
  Random random(10);
  const Steering steering(with_workers(4));
  std::set<unsigned> owners;
  for (int i = 0; i < 200; ++i) {
    const Bytes whole = udp_frame(1, 2, random_flow(random));
    std::set<unsigned> of_datagram;
    for (const unsigned offset_field : {0x2000u, 0x2010u, 0x0020u}) {
      Bytes fragment = whole;
      fragment[20] = static_cast<std::uint8_t>(offset_field >> 8);
      fragment[21] = static_cast<std::uint8_t>(offset_field & 0xff);
      for (std::size_t b = 34; b < fragment.size(); ++b) fragment[b] = static_cast<std::uint8_t>(random());
      of_datagram.insert(owner_of(steering, fragment));
    }
    REQUIRE(of_datagram.size() == 1);
    owners.merge(of_datagram);
  }
  CHECK(owners.size() == 4);
}

TEST_CASE("steering reads no byte past the frame, and leaves to the receiving worker what it cannot read") {
  Random random(11);
  const Steering steering(with_workers(4));
  const Bytes error = icmp_error(1, 2, {kServer, kOut, 0, 0}, {kOut, kServer, 4000, 53});
  for (std::size_t length = 0; length <= error.size(); ++length) {
    const Bytes cut(error.begin(), error.begin() + static_cast<std::ptrdiff_t>(length));
    const unsigned owner = owner_of(steering, cut);
    CHECK((owner < 4 || owner == Steering::kNobody));
    if (length < RTE_ETHER_HDR_LEN + sizeof(rte_ipv4_hdr)) CHECK(owner == Steering::kNobody);
  }
  for (int i = 0; i < 2000; ++i) {
    Bytes garbage(random() % 90);
    for (std::uint8_t& byte : garbage) byte = static_cast<std::uint8_t>(random());
    if (garbage.size() > 14) garbage[12] = 0x08, garbage[13] = 0x00, garbage[14] = 0x45;
    const unsigned owner = owner_of(steering, garbage);
    REQUIRE((owner < 4 || owner == Steering::kNobody));
  }
  CHECK(owner_of(steering, arp_request(1, kHost, kIn)) == Steering::kEveryone);
}
