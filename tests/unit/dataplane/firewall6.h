// A firewall of both families between two ring ports, and the frames of IPv6 flows.
#pragma once

#include <set>
#include <tuple>

#include "dataplane/datapath/icmp/icmp6_message.h"
#include "dataplane/datapath/output/nd_frames.h"
#include "tests/unit/dataplane/router.h"

namespace stillwater::dataplane {

struct Flow6 {
  IpAddress source;
  IpAddress destination;
  std::uint16_t source_port;
  std::uint16_t destination_port;

  friend auto operator<=>(const Flow6&, const Flow6&) = default;
};

inline Flow6 back(const Flow6& flow) {
  return {flow.destination, flow.source, flow.destination_port, flow.source_port};
}

// What `payload` carries behind the header, from one station to a port's MAC.
inline Bytes ip6_frame(std::uint8_t from_mac, std::uint8_t to_mac, const IpAddress& source,
                       const IpAddress& destination, std::uint8_t protocol, Bytes payload) {
  Bytes frame = frame_of(Ipv6Packet{.payload = std::move(payload), .next = protocol, .source = source.bytes});
  auto* ip6 = reinterpret_cast<rte_ipv6_hdr*>(&frame[RTE_ETHER_HDR_LEN]);
  std::copy(destination.bytes.begin(), destination.bytes.end(), ip6->dst_addr);
  auto* ether = reinterpret_cast<rte_ether_hdr*>(frame.data());
  ether->src_addr = mac(from_mac);
  ether->dst_addr = mac(to_mac);
  return frame;
}

inline Bytes udp6_frame(std::uint8_t from_mac, std::uint8_t to_mac, const Flow6& flow) {
  Bytes udp(sizeof(rte_udp_hdr) + 8, 0x11);
  *reinterpret_cast<rte_udp_hdr*>(udp.data()) = {htons(flow.source_port), htons(flow.destination_port),
                                                 htons(static_cast<std::uint16_t>(udp.size())), 0x1234};
  return ip6_frame(from_mac, to_mac, flow.source, flow.destination, IPPROTO_UDP, std::move(udp));
}

inline Bytes tcp6_frame(std::uint8_t from_mac, std::uint8_t to_mac, const Flow6& flow,
                        const Segment& segment) {
  Bytes bytes(sizeof(rte_tcp_hdr) + segment.payload, 0);
  auto& tcp = *reinterpret_cast<rte_tcp_hdr*>(bytes.data());
  tcp.src_port = htons(flow.source_port);
  tcp.dst_port = htons(flow.destination_port);
  tcp.sent_seq = htonl(segment.seq);
  tcp.recv_ack = htonl(segment.ack);
  tcp.data_off = 5 << 4;
  tcp.tcp_flags = segment.flags;
  tcp.rx_win = htons(segment.window);
  return ip6_frame(from_mac, to_mac, flow.source, flow.destination, IPPROTO_TCP, std::move(bytes));
}

// "Packet too big" about the packet in `about`, from `router` to its source.
inline Bytes too_big6_frame(std::uint8_t from_mac, std::uint8_t to_mac, const IpAddress& router,
                            const Bytes& about) {
  Bytes message{2, 0, 0, 0, 0, 0, 5, 0};
  message.insert(message.end(), about.begin() + RTE_ETHER_HDR_LEN, about.end());
  const IpAddress source = IpAddress::v6(&about[RTE_ETHER_HDR_LEN + offsetof(rte_ipv6_hdr, src_addr)]);
  return ip6_frame(from_mac, to_mac, router, source, IPPROTO_ICMPV6, std::move(message));
}

inline bool is_ipv6(const Bytes& frame) { return ethertype_of(frame) == RTE_ETHER_TYPE_IPV6; }
inline bool is_udp6(const Bytes& frame) { return is_ipv6(frame) && frame[20] == IPPROTO_UDP; }
inline bool is_tcp6(const Bytes& frame) { return is_ipv6(frame) && frame[20] == IPPROTO_TCP; }

// Of UDP or TCP without extension headers.
inline Flow6 flow6_of(const Bytes& frame) {
  const auto& ip6 = ipv6_header(frame);
  const auto* ports = reinterpret_cast<const std::uint16_t*>(&ip6 + 1);
  return {IpAddress::v6(ip6.src_addr), IpAddress::v6(ip6.dst_addr), ntohs(ports[0]), ntohs(ports[1])};
}

inline const IpAddress kHost6 = IpAddress{{0x20, 1, 0xd, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}};
inline const IpAddress kServer6 = IpAddress{{0x20, 1, 0xd, 0xb8, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}};

// A neighbour solicitation of our address there, by a station that names its MAC.
inline Bytes neighbour_question6(std::uint8_t station_mac, std::uint8_t port_mac, const IpAddress& station,
                                 const IpAddress& target) {
  Bytes message{135, 0, 0, 0, 0, 0, 0, 0};
  message.insert(message.end(), target.bytes.begin(), target.bytes.end());
  message.insert(message.end(), {1, 1, 0x02, 0x53, 0x57, 0, 0, station_mac});
  const std::uint16_t sum =
      sum_icmp6(station, target, message.data(), static_cast<std::uint32_t>(message.size()));
  const auto checksum = static_cast<std::uint16_t>(~sum);
  std::memcpy(&message[2], &checksum, sizeof(checksum));
  Bytes frame = ip6_frame(station_mac, port_mac, station, target, IPPROTO_ICMPV6, std::move(message));
  frame[RTE_ETHER_HDR_LEN + offsetof(rte_ipv6_hdr, hop_limits)] = 255;
  return frame;
}

struct Firewall6 : Firewall {
  explicit Firewall6(unsigned workers = 1) : Firewall(workers) {
    config.sessions6_max = 256;
    config.ports[0].addresses6 = {{ip("2001:db8:1::1"), 64}};
    config.ports[1].addresses6 = {{ip("2001:db8:2::1"), 64}};
    config.routes.push_back({.to = {IpAddress{}, 0}, .via = {{kServer6}}});
    make_region();
  }
  // By the configuration as it is.
  void make_region() {
    region::Layout layout;
    Dataplane::add_roots(layout, config);
    region = region::Region::create(layout).value();
  }
  void greet6() {
    inside.put(neighbour_question6(kHostMac, kInMac, kHost6, ip("2001:db8:1::1")));
    outside.put(neighbour_question6(kServerMac, kOutMac, kServer6, ip("2001:db8:2::1")));
    Bytes answer;
    REQUIRE(eventually([&] { return inside.take(answer) && is_ipv6(answer); }));
    REQUIRE(eventually([&] { return outside.take(answer) && is_ipv6(answer); }));
  }
  void begin() {
    start_and_resume();
    greet6();
  }
  static Flow6 flow(std::uint16_t port = 4000) { return {kHost6, kServer6, port, 53}; }
  void query6(std::uint16_t port = 4000) { inside.put(udp6_frame(kHostMac, kInMac, flow(port))); }
  void reply6(std::uint16_t port = 4000) { outside.put(udp6_frame(kServerMac, kOutMac, back(flow(port)))); }
  // The next packet of UDP or TCP that a port sends.
  [[nodiscard]] Flow6 sent6(RingPort& port) {
    Bytes frame;
    REQUIRE(eventually([&] { return port.take(frame) && (is_udp6(frame) || is_tcp6(frame)); }));
    return flow6_of(frame);
  }
  [[nodiscard]] std::uint64_t dropped(const char* reason) {
    REQUIRE(eventually([&] { return inside.waiting() == 0 && outside.waiting() == 0; }));
    clock.advance(150ms);
    next_turns();
    return dataplane->drops()[reason];
  }
};

}  // namespace stillwater::dataplane
