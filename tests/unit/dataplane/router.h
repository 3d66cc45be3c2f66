// A router between two ring ports, its clock in the test's hand.
#pragma once

#include "tests/unit/dataplane/firewall.h"
#include "tests/unit/dataplane/ip_frames.h"

namespace stillwater::dataplane {

inline IpAddress ip(const char* text) {
  in6_addr six{};
  in_addr four{};
  if (inet_pton(AF_INET, text, &four) == 1) return IpAddress::v4(four.s_addr);
  REQUIRE(inet_pton(AF_INET6, text, &six) == 1);
  return IpAddress::v6(&six);
}

inline constexpr std::uint8_t kLanMac = 1, kWanMac = 2, kFarMac = 22;

inline Config router_config(const std::string& lan, const std::string& wan) {
  Config config = firewall_config(lan, wan);
  config.function = Function::router;
  config.rules.clear();
  config.source_nat.clear();
  config.ports[0].name = "lan";
  config.ports[1].name = "wan";
  config.ports[0].addresses6 = {{ip("2001:db8:1::1"), 64}};
  config.ports[1].addresses6 = {{ip("2001:db8:2::1"), 64}};
  config.routes = {{.to = {ip("0.0.0.0"), 0}, .via = {{ip("10.80.2.2")}}},
                   {.to = {IpAddress{}, 0}, .via = {{ip("2001:db8:2::2")}}}};
  return config;
}

// A UDP datagram in either family, as `source_mac` sends it to the port whose MAC ends in `to_mac`.
inline Bytes udp_packet(std::uint8_t source_mac, std::uint8_t to_mac, const IpAddress& from,
                        const IpAddress& to, std::size_t payload_bytes = 16) {
  Bytes udp(sizeof(rte_udp_hdr) + payload_bytes, 0x5a);
  auto* header = reinterpret_cast<rte_udp_hdr*>(udp.data());
  *header = {htons(4000), htons(53), htons(static_cast<std::uint16_t>(udp.size())), 0};
  Bytes frame;
  if (to.is_v4()) {
    frame = frame_of(Ipv4Packet{.payload = udp, .source = ntohl(from.v4_be())});
    auto* ip = reinterpret_cast<rte_ipv4_hdr*>(&frame[RTE_ETHER_HDR_LEN]);
    ip->dst_addr = to.v4_be();
    seal(*ip);
  } else {
    frame = frame_of(Ipv6Packet{.payload = udp, .source = from.bytes});
    auto* ip6 = reinterpret_cast<rte_ipv6_hdr*>(&frame[RTE_ETHER_HDR_LEN]);
    std::copy(to.bytes.begin(), to.bytes.end(), ip6->dst_addr);
  }
  auto* ether = reinterpret_cast<rte_ether_hdr*>(frame.data());
  ether->src_addr = mac(source_mac);
  ether->dst_addr = mac(to_mac);
  return frame;
}

// Between the tag and what it tags, as IEEE 802.1Q has it.
inline Bytes tagged(Bytes frame, std::uint16_t vlan) {
  const std::uint8_t tag[] = {0x81, 0x00, static_cast<std::uint8_t>(vlan >> 8),
                              static_cast<std::uint8_t>(vlan)};
  frame.insert(frame.begin() + 2 * RTE_ETHER_ADDR_LEN, std::begin(tag), std::end(tag));
  return frame;
}

inline std::uint16_t ethertype_of(const Bytes& frame) {
  return ntohs(reinterpret_cast<const rte_ether_hdr*>(frame.data())->ether_type);
}

struct Router {
  explicit Router(unsigned workers = 1)
      : lan(buffers, workers), wan(buffers, workers), config(router_config(lan.device(), wan.device())) {
    config.workers = workers;
  }
  ~Router() { dataplane.reset(); }

  void start() {
    region::Layout layout;
    Dataplane::add_roots(layout, config);
    region = region::Region::create(layout).value();
    permit.set_until(TransmitPermit::kForever);
    auto made = Dataplane::create(config, *region, epochs, permit, clock);
    if (!made) FAIL(made.error().message);
    dataplane = std::move(*made);
    const Status started = dataplane->start();
    if (!started) FAIL(started.error().message);
    dataplane->barrier().resume();
  }

  // The next frame that `port` sends and `is_wanted` takes; others are passed over.
  template <class IsWanted>
  [[nodiscard]] Bytes sent_by(RingPort& port, IsWanted is_wanted) {
    Bytes frame;
    REQUIRE(eventually([&] { return port.take(frame) && is_wanted(frame); }));
    return frame;
  }
  [[nodiscard]] Bytes sent_of(RingPort& port, std::uint16_t ethertype) {
    return sent_by(port, [&](const Bytes& frame) { return ethertype_of(frame) == ethertype; });
  }
  // 10.80.1.2 and 10.80.2.2 make themselves known, and are answered.
  void greet() {
    lan.put(arp_request(kHostMac, ipv4(10, 80, 1, 2), ipv4(10, 80, 1, 1)));
    wan.put(arp_request(kFarMac, ipv4(10, 80, 2, 2), ipv4(10, 80, 2, 1)));
    (void)sent_of(lan, RTE_ETHER_TYPE_ARP);
    (void)sent_of(wan, RTE_ETHER_TYPE_ARP);
  }
  // What has arrived is worked on, by the clock of before.
  void settle() {
    REQUIRE(eventually([&] { return lan.waiting() == 0 && wan.waiting() == 0; }));
    next_turns();
  }
  void next_turns() {
    const std::uint64_t until = dataplane->turns() + 3;
    REQUIRE(eventually([&] { return dataplane->turns() >= until; }));
  }
  // What arrives from now on is worked on by a clock that is as much later: no turn goes on by the one of
  // before.
  void pass(Nanos time) {
    clock.advance(time);
    next_turns();
  }
  // By name, what was counted until now.
  [[nodiscard]] std::uint64_t dropped(const char* reason) {
    settle();
    pass(150ms);
    return dataplane->drops()[reason];
  }

  TestBuffers buffers;
  RingPort lan, wan;
  ManualClock clock;
  CommittedEpoch epochs;
  TransmitPermit permit;
  Config config;
  std::unique_ptr<region::Region> region;
  std::unique_ptr<Dataplane> dataplane;
};

}  // namespace stillwater::dataplane
