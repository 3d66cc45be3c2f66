// A trace is the truth: whatever the packet, what is told of it is what becomes of it right afterwards, octet
// for octet.
#include <functional>
#include <set>

#include "dataplane/datapath/output/nd_frames.h"
#include "tests/unit/dataplane/traces.h"
#include "tests/unit/random.h"

namespace stillwater::dataplane {
namespace {

using Frames = std::vector<Bytes>;

constexpr unsigned kPackets = 400;

std::uint32_t pick(Random& random, std::initializer_list<std::uint32_t> from) {
  return from.begin()[random() % from.size()];
}

// What a node asks or announces by itself, in answer to no packet, and what it says of packets of before.
bool is_of_our_own_accord(const Bytes& frame) {
  const std::size_t ip = ethertype_of(frame) == RTE_ETHER_TYPE_VLAN ? 18 : 14;
  const auto octet = [&](std::size_t at) { return at < frame.size() ? frame[at] : std::uint8_t{0}; };
  const auto is = [&](std::size_t at, std::uint8_t type, std::uint8_t code) {
    return octet(at) == type && octet(at + 1) == code;
  };
  switch (octet(ip - 2) << 8 | octet(ip - 1)) {
    case RTE_ETHER_TYPE_ARP:
      return octet(ip + 7) == RTE_ARP_OP_REQUEST;
    case RTE_ETHER_TYPE_IPV6:
      return octet(ip + 6) == IPPROTO_ICMPV6 &&
             (octet(ip + 40) == 135 || octet(ip + 40) == 136 || is(ip + 40, 1, 3));
    default:
      return octet(ip + 9) == IPPROTO_ICMP && (is(ip + 20, 3, 1) || is(ip + 20, 11, 1));
  }
}

bool is_of_before(const std::string& reason) {
  return reason == "neighbour_unresolved" || reason == "reassembly_timeout" || reason == "reassembly_full" ||
         reason == "held_discarded";
}

Frames taken(RingPort& port) {
  Frames frames;
  for (Bytes frame; port.take(frame);)
    if (!is_of_our_own_accord(frame)) frames.push_back(frame);
  return frames;
}

Frames told(const Trace& trace, const std::vector<std::string>& ports) {
  Frames frames;
  for (const TraceFrame& frame : trace.frames) {
    const bool here = std::find(ports.begin(), ports.end(), frame.port) != ports.end();
    if (here && frame.mac && frame.dropped.empty() && !is_of_our_own_accord(frame.bytes))
      frames.push_back(frame.bytes);
  }
  return frames;
}

// Some octets behind the MACs are others, or the frame ends early.
void spoil(Random& random, Bytes& frame) {
  if (random() % 3 != 0) return;
  if (random() % 8 == 0) frame.resize(14 + random() % (frame.size() - 13));
  for (unsigned n = random() % 3; n != 0 && frame.size() > 14; --n)
    frame[12 + random() % (frame.size() - 12)] = static_cast<std::uint8_t>(random());
}

// Its checksum is right again: what was spoilt behind it is looked at.
void mend(Random& random, Bytes& frame) {
  if (random() % 2 != 0 || frame.size() < 34 || frame[12] != 0x08 || frame[13] != 0x00 || frame[14] != 0x45)
    return;
  seal(*reinterpret_cast<rte_ipv4_hdr*>(&frame[RTE_ETHER_HDR_LEN]));
}

// One of the dataplane's worlds with random packets for it.
template <class World>
void check_truth(World& world, RingPort& a, RingPort& b, const std::vector<std::string>& ports_of_a,
                 const std::vector<std::string>& ports_of_b, Random& random,
                 const std::function<Bytes(bool)>& packet) {
  std::map<std::string, unsigned> ends;
  for (unsigned i = 0; i < kPackets; ++i) {
    if (i % 40 == 0) world.greet();
    const bool at_a = random() % 3 != 0;
    Bytes frame = packet(at_a);
    spoil(random, frame);
    mend(random, frame);
    world.next_turns();
    world.clock.advance(150ms);
    world.next_turns();
    const auto drops_before = world.dataplane->drops();
    (void)taken(a);
    (void)taken(b);
    const auto trace =
        world.dataplane->trace({.port = at_a ? ports_of_a.front() : ports_of_b.front(), .packet = frame});
    if (!trace) FAIL(trace.error().message);
    INFO("packet " << i << ": " << to_text(*trace));
    ++ends[std::string(name_of(trace->end)) + " " + trace->reason];

    (at_a ? a : b).put(frame);
    REQUIRE(eventually([&] { return a.waiting() == 0 && b.waiting() == 0; }));
    world.next_turns();
    CHECK(taken(a) == told(*trace, ports_of_a));
    CHECK(taken(b) == told(*trace, ports_of_b));
    world.clock.advance(150ms);
    world.next_turns();
    std::set<std::string> counted;
    for (const auto& [reason, count] : world.dataplane->drops()) {
      const auto known = drops_before.find(reason);
      const bool more = known == drops_before.end() || known->second != count;
      if (more && !is_of_before(reason)) counted.insert(reason);
    }
    std::set<std::string> expected;
    if (!trace->reason.empty()) expected.insert(trace->reason);
    for (const TraceFrame& left : trace->frames)
      if (!left.dropped.empty()) expected.insert(left.dropped);
    CHECK(counted == expected);
  }
  for (const auto& [end, count] : ends) UNSCOPED_INFO(end << ": " << count);
  CHECK(ends.size() > 8);
}

Bytes ipv4_frame(Random& random, std::uint8_t from_mac, std::uint8_t to_mac, std::uint32_t source,
                 std::uint32_t destination) {
  Ipv4Packet packet{.payload = random_bytes(random, 8 + random() % 200), .source = source};
  packet.identification = static_cast<std::uint16_t>(random() % 3);
  packet.protocol = static_cast<std::uint8_t>(pick(random, {1, 1, 6, 17, 17, 50}));
  if (random() % 8 == 0) packet.payload.resize(1480);
  if (random() % 8 == 0) packet.options = {7, 4, 0, 0};
  if (random() % 12 == 0) {
    packet.payload.resize(packet.payload.size() / 8 * 8);
    packet.offset = static_cast<std::uint16_t>(random() % 2 * packet.payload.size());
    packet.more = random() % 2 == 0;
  }
  if (packet.protocol == IPPROTO_ICMP)
    packet.payload[0] = static_cast<std::uint8_t>(pick(random, {0, 3, 8, 8, 11}));
  if (packet.protocol == IPPROTO_TCP) {
    packet.payload.resize(std::max<std::size_t>(packet.payload.size(), 20));
    packet.payload[12] = 5 << 4;
    packet.payload[13] =
        static_cast<std::uint8_t>(pick(random, {kSyn, kAck, kSyn, kFin | kAck, kRst, kSyn | kAck}));
  }
  if (packet.offset == 0 && packet.protocol != IPPROTO_ICMP) {
    packet.payload[0] = packet.payload[2] = 0;
    packet.payload[1] = static_cast<std::uint8_t>(40 + random() % 4);
    packet.payload[3] = static_cast<std::uint8_t>(40 + random() % 4);
  }
  Bytes frame = frame_of(packet);
  auto* ip = reinterpret_cast<rte_ipv4_hdr*>(&frame[RTE_ETHER_HDR_LEN]);
  ip->dst_addr = htonl(destination);
  ip->time_to_live = static_cast<std::uint8_t>(pick(random, {64, 64, 64, 2, 1}));
  if (!packet.more && packet.offset == 0 && random() % 4 == 0)
    ip->fragment_offset = htons(RTE_IPV4_HDR_DF_FLAG);
  seal(*ip);
  auto* ether = reinterpret_cast<rte_ether_hdr*>(frame.data());
  ether->src_addr = mac(from_mac);
  ether->dst_addr = mac(to_mac);
  return frame;
}

}  // namespace

TEST_CASE("trace: of random packets to a router, what is told is what happens") {
  const std::uint32_t seed = GENERATE(1u, 2u);
  INFO("seed " << seed);
  Random random(seed);
  Router r;
  PortConfig vlan = r.config.ports[0];
  vlan.name = "lan.10";
  vlan.device.clear();
  vlan.parent = "lan";
  vlan.vlan = 10;
  vlan.mtu = 600;
  vlan.addresses = {{ipv4(10, 80, 10, 1), 24}};
  vlan.addresses6.clear();
  r.config.ports.push_back(vlan);
  r.config.routes.push_back({.to = {ip("10.66.0.0"), 16}, .kind = RouteKind::blackhole});
  r.config.routes.push_back({.to = {ip("10.67.0.0"), 16}, .kind = RouteKind::reject});
  r.config.routes.push_back({.to = {ip("10.68.0.0"), 16}, .via = {{ip("10.80.10.2")}}});
  r.config.routes.push_back({.to = {ip("2001:db8:67::"), 48}, .kind = RouteKind::reject});
  r.start();
  r.lan.put(tagged(arp_request(12, ipv4(10, 80, 10, 2), ipv4(10, 80, 10, 1)), 10));
  const auto packet = [&](bool at_lan) {
    const std::uint8_t from_mac = at_lan ? kHostMac : kFarMac;
    const std::uint8_t to_mac = at_lan ? kLanMac : kWanMac;
    if (random() % 8 == 0)
      return arp_request(from_mac, at_lan ? ipv4(10, 80, 1, 2) : ipv4(10, 80, 2, 2),
                         pick(random, {ipv4(10, 80, 1, 1), ipv4(10, 80, 2, 1), ipv4(10, 80, 1, 7)}));
    if (random() % 5 == 0) {
      const char* to[] = {"2001:db8:1::1", "2001:db8:67::1", "2001:db8:9::1", "2001:db8:2::1", "fe80::1"};
      return udp_packet(from_mac, to_mac, ip(at_lan ? "2001:db8:1::2" : "2001:db8:7::2"),
                        ip(to[random() % 5]));
    }
    const std::uint32_t source =
        at_lan
            ? pick(random, {ipv4(10, 80, 1, 2), ipv4(10, 80, 1, 2), ipv4(10, 80, 1, 1), ipv4(127, 0, 0, 1)})
            : pick(random, {ipv4(10, 80, 2, 2), ipv4(198, 51, 100, 7)});
    const std::uint32_t destination =
        pick(random, {ipv4(10, 80, 1, 2), ipv4(10, 80, 2, 2), ipv4(192, 0, 2, 9), ipv4(10, 68, 0, 1),
                      ipv4(10, 66, 0, 1), ipv4(10, 67, 0, 1), ipv4(10, 80, 1, 1), ipv4(10, 80, 1, 255)});
    return ipv4_frame(random, from_mac, to_mac, source, destination);
  };
  check_truth(r, r.lan, r.wan, {"lan", "lan.10"}, {"wan"}, random, packet);
}

TEST_CASE("trace: of random packets to a firewall, what is told is what happens") {
  const std::uint32_t seed = GENERATE(3u, 4u);
  INFO("seed " << seed);
  Random random(seed);
  Firewall f;
  f.config.output_commit = OutputCommit::new_state;
  f.start_and_resume();
  const auto packet = [&](bool at_inside) {
    if (at_inside)
      return ipv4_frame(random, kHostMac, kInMac, kHost,
                        pick(random, {kServer, kServer, kServer, kIn, kOut, ipv4(172, 16, 0, 1)}));
    return ipv4_frame(random, kServerMac, kOutMac, kServer, pick(random, {kOut, kOut, kOut, kHost}));
  };
  check_truth(f, f.inside, f.outside, {"inside"}, {"outside"}, random, packet);
}

TEST_CASE("trace: of random packets through NAT of all kinds, what is told is what happens") {
  const std::uint32_t seed = GENERATE(5u, 6u, 7u, 8u);
  INFO("seed " << seed);
  constexpr std::uint32_t kOther = ipv4(10, 80, 1, 3), kForwarded = ipv4(10, 80, 2, 7),
                          kOneToOne = ipv4(10, 80, 2, 9);
  Random random(seed);
  Firewall f;
  f.config.output_commit = OutputCommit::new_state;
  f.config.rules.push_back({.id = 20,
                            .action = RuleAction::allow,
                            .from = {"outside"},
                            .to = {"inside"},
                            .destination = {{IpAddress::v4(htonl(kHost)), 32}}});
  f.config.source_nat = {
      {.from = {"inside"},
       .to = {"outside"},
       .address = kOut,
       .ports = {seed == 7 ? std::uint16_t{0} : std::uint16_t{1024}, 65535},
       .filtering = seed == 5 ? NatFiltering::address_dependent : NatFiltering::endpoint_independent}};
  if (seed == 8) {  // few blocks
    f.config.source_nat[0].ports = {1024, 1024 + 3 * 64 - 1};
    f.config.source_nat[0].block_size = 64;
    f.config.source_nat[0].blocks_per_host = 1;
  }
  f.config.destination_nat = {{.from = {"outside"}, .address = kForwarded, .to = kHost}};
  f.config.static_nat = {{.at = {"outside"}, .outside = {kOneToOne, 32}, .inside = {kOther, 32}}};
  f.start_and_resume();
  const auto packet = [&](bool at_inside) {
    if (at_inside)
      return ipv4_frame(random, kHostMac, kInMac, pick(random, {kHost, kHost, kOther}),
                        pick(random, {kServer, kServer, kOut, kOut, kForwarded, kOneToOne, kIn}));
    return ipv4_frame(random, kServerMac, kOutMac, kServer,
                      pick(random, {kOut, kOut, kForwarded, kOneToOne, kHost}));
  };
  check_truth(f, f.inside, f.outside, {"inside"}, {"outside"}, random, packet);
}

}  // namespace stillwater::dataplane
