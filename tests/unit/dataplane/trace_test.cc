// What a router tells of a packet's way, end by end. Each trace leaves the world as it was (traces.h).
#include "tests/unit/dataplane/traces.h"

namespace stillwater::dataplane {
namespace {

struct Traced : Router {
  Traced() {
    PortConfig vlan = config.ports[0];
    vlan.name = "lan.10";
    vlan.device.clear();
    vlan.parent = "lan";
    vlan.vlan = 10;
    vlan.mtu = 1400;
    vlan.addresses = {{ipv4(10, 80, 10, 1), 24}};
    vlan.addresses6 = {{ip("2001:db8:10::1"), 64}};
    config.ports.push_back(vlan);
    config.routes = {{.to = {ip("10.9.0.0"), 16}, .via = {{ip("10.80.2.2")}}},
                     {.to = {ip("10.9.9.0"), 24}, .via = {{ip("10.80.2.2")}, {ip("10.80.2.3")}}},
                     {.to = {ip("10.66.0.0"), 16}, .kind = RouteKind::blackhole},
                     {.to = {ip("10.67.0.0"), 16}, .kind = RouteKind::reject},
                     {.to = {ip("2001:db8:9::"), 48}, .via = {{ip("2001:db8:2::2")}}},
                     {.to = {ip("2001:db8:67::"), 48}, .kind = RouteKind::reject}};
    start();
    greet();
  }
  Trace trace(const TracePacket& packet, const std::string& port = "lan") {
    return traced(*this, {.port = port, .packet = packet});
  }
  Trace trace(const char* to) { return trace(trace_packet("10.80.1.2", to)); }
  Trace trace_frame(const Bytes& frame, const std::string& port = "lan") {
    return traced(*this, {.port = port, .packet = frame});
  }
};

}  // namespace

TEST_CASE("trace: a forwarded packet, with the route, the time to live, and the frame that leaves") {
  Traced r;
  const Trace trace = r.trace("10.9.1.1");
  INFO(to_text(trace));
  CHECK(trace.end == Trace::End::output);
  CHECK(nodes_of(trace) == "ethernet_input ipv4_input ipv4_route ipv4_forward");
  CHECK(has_note(trace, "route 10.9.0.0/16 via 10.80.2.2 at wan"));
  CHECK(has_note(trace, "time to live would be 63"));
  REQUIRE(trace.frames.size() == 1);
  CHECK(trace.frames[0].port == "wan");
  CHECK(trace.frames[0].next_hop == ip("10.80.2.2"));
  CHECK(trace.frames[0].mac == MacAddress{0x02, 0x53, 0x57, 0, 0, kFarMac});
  CHECK(ipv4_header(trace.frames[0].bytes).time_to_live == 63);
  CHECK(trace.words == "leaves through wan to 10.80.2.2 at 02:53:57:00:00:16, 42 octets");
}

TEST_CASE("trace: several next hops, and the one that the flow's hash chooses is the one that is named") {
  Traced r;
  const Trace trace = r.trace("10.9.9.1");
  INFO(to_text(trace));
  const std::string chosen = to_text(*trace.frames.at(0).next_hop);
  CHECK(has_note(
      trace, "route 10.9.9.0/24 via " + chosen + " at wan, one of 2 next hops, chosen by the flow's hash"));
}

TEST_CASE("trace: a connected destination whose MAC is known, and one that would be asked for") {
  Traced r;
  const Trace known = r.trace("10.80.2.2");
  INFO(to_text(known));
  CHECK(has_note(known, "10.80.2.0/24 is connected at wan"));
  CHECK(known.frames.at(0).mac.has_value());
  const Trace unknown = r.trace("10.80.2.99");
  CHECK(unknown.end == Trace::End::output);
  CHECK_FALSE(unknown.frames.at(0).mac.has_value());
  CHECK(unknown.words == "leaves through wan to 10.80.2.99, which is asked for by ARP, 42 octets");
  const Trace six = r.trace(trace_packet("2001:db8:1::2", "2001:db8:9::1"));
  CHECK(nodes_of(six) == "ethernet_input ipv6_input ipv6_route ipv6_forward");
  CHECK(has_note(six, "hop limit would be 63"));
  CHECK(six.words.find("which is asked for by neighbour discovery") != std::string::npos);
}

TEST_CASE("trace: a next hop for which as many packets wait as may") {
  Traced r;
  for (int i = 0; i < 8; ++i) r.lan.put(udp_packet(kHostMac, kLanMac, ip("10.80.1.2"), ip("10.80.2.99")));
  r.settle();
  const Trace trace = r.trace("10.80.2.99");
  CHECK(trace.end == Trace::End::drop);
  CHECK(trace.reason == "neighbour_queue_full");
}

TEST_CASE("trace: no route and a rejecting one are told to the sender; a blackhole is silent") {
  Traced r;
  const Trace none = r.trace("172.16.0.1");
  INFO(to_text(none));
  CHECK(none.end == Trace::End::refused);
  CHECK(none.reason == "no_route");
  CHECK(has_note(none, "no route to 172.16.0.1"));
  REQUIRE(none.error);
  CHECK(none.error->told);
  CHECK(none.error->to == ip("10.80.1.2"));
  CHECK(none.error->words == "ICMP 3/0, network unreachable");
  CHECK(none.frames.at(0).port == "lan");
  const Trace reject = r.trace("10.67.1.1");
  CHECK(reject.reason == "rejected");
  CHECK(has_note(reject, "route 10.67.0.0/16 rejects"));
  CHECK(reject.error->words == "ICMP 3/13, administratively prohibited");
  const Trace blackhole = r.trace("10.66.1.1");
  CHECK(blackhole.end == Trace::End::drop);
  CHECK(blackhole.reason == "blackhole");
  CHECK_FALSE(blackhole.error);
  CHECK(blackhole.frames.empty());
  CHECK(r.trace(trace_packet("2001:db8:1::2", "2001:db8:67::1")).error->words ==
        "ICMPv6 1/6, the route rejects");
  CHECK(r.trace(trace_packet("2001:db8:1::2", "2001:db8:ffff::1")).reason == "no_route");
}

TEST_CASE("trace: an error over the limit is not told, and asking often takes nothing from the limit") {
  Traced r;
  for (int i = 0; i < 300; ++i) {
    const auto trace = r.dataplane->trace({.port = "lan", .packet = trace_packet("10.80.1.2", "172.16.0.1")});
    REQUIRE(trace);
    REQUIRE(trace->error->told);
  }
  for (int i = 0; i < 150; ++i) r.lan.put(udp_packet(kHostMac, kLanMac, ip("10.80.1.2"), ip("172.16.0.1")));
  r.settle();
  const auto trace = r.dataplane->trace({.port = "lan", .packet = trace_packet("10.80.1.2", "172.16.0.1")});
  REQUIRE(trace);
  CHECK_FALSE(trace->error->told);
  CHECK(trace->error->why_not == "too many errors were told of late");
}

TEST_CASE("trace: an echo request to an own address is answered, in both families and through a VLAN") {
  Traced r;
  TracePacket echo = trace_packet("10.80.1.2", "10.80.1.1");
  echo.protocol = IPPROTO_ICMP;
  const Trace local = r.trace(echo);
  INFO(to_text(local));
  CHECK(local.end == Trace::End::output);
  CHECK(has_note(local, "10.80.1.1 is an own address, of lan"));
  CHECK(has_note(local, "an echo request: answered"));
  CHECK(ipv4_header(local.frames.at(0).bytes).dst_addr == ip("10.80.1.2").v4_be());
  TracePacket six = trace_packet("2001:db8:1::2", "2001:db8:1::1");
  six.protocol = IPPROTO_ICMPV6;
  six.icmp_type = 128;
  CHECK(nodes_of(r.trace(six)) == "ethernet_input ipv6_input ipv6_route ipv6_local");
  TracePacket in_vlan = trace_packet("10.80.10.2", "10.80.10.1");
  in_vlan.protocol = IPPROTO_ICMP;
  const Trace vlan = r.trace(in_vlan, "lan.10");
  INFO(to_text(vlan));
  CHECK(has_note(vlan, "VLAN 10: port lan.10"));
  CHECK(vlan.frames.at(0).port == "lan.10");
  CHECK(ethertype_of(vlan.frames.at(0).bytes) == RTE_ETHER_TYPE_VLAN);
  const Trace udp = r.trace("10.80.1.1");
  CHECK(udp.reason == "not_served");
  CHECK(udp.error->words == "ICMP 3/3, port unreachable");
}

TEST_CASE("trace: a time to live that runs out") {
  Traced r;
  TracePacket packet = trace_packet("10.80.1.2", "10.9.1.1");
  packet.ttl = 1;
  const Trace trace = r.trace(packet);
  CHECK(trace.end == Trace::End::refused);
  CHECK(trace.error->words == "ICMP 11/0, time to live exceeded");
  TracePacket six = trace_packet("2001:db8:1::2", "2001:db8:9::1");
  six.ttl = 1;
  CHECK(r.trace(six).error->words == "ICMPv6 3/0, hop limit exceeded");
}

TEST_CASE("trace: longer than the MTU, with and without the right to cut it") {
  Traced r;
  TracePacket packet = trace_packet("10.80.2.2", "10.80.10.2");
  packet.payload_bytes = 1472;
  const Trace cut = r.trace(packet, "wan");
  INFO(to_text(cut));
  CHECK(cut.end == Trace::End::output);
  CHECK(has_note(cut, "MTU 1400 of lan.10: would be cut in 2"));
  CHECK(has_note(cut, "time to live would be 63"));
  CHECK(cut.frames.size() == 2);
  packet.dont_fragment = true;
  const Trace refused = r.trace(packet, "wan");
  CHECK(refused.reason == "too_big");
  CHECK(has_note(refused, "MTU 1400 of lan.10, and the packet has 1500 octets"));
  CHECK(refused.error->words == "ICMP 3/4, fragmentation needed, MTU 1400");
  TracePacket six = trace_packet("2001:db8:2::2", "2001:db8:10::2");
  six.payload_bytes = 1400;
  CHECK(r.trace(six, "wan").error->words == "ICMPv6 2/0, packet too big, MTU 1400");
}

TEST_CASE("trace: fragments to an own address wait, and the last one is answered with the whole datagram") {
  Traced r;
  Bytes icmp(1000, 0);
  icmp[0] = 8;
  const std::uint16_t checksum = checksum_of(icmp.data(), icmp.size());
  std::memcpy(&icmp[2], &checksum, sizeof(checksum));
  const auto piece = [&](std::uint16_t from, std::uint16_t to) {
    Bytes frame = frame_of(Ipv4Packet{.payload = Bytes(icmp.begin() + from, icmp.begin() + to),
                                      .offset = from,
                                      .more = to != icmp.size(),
                                      .protocol = IPPROTO_ICMP});
    auto* header = reinterpret_cast<rte_ipv4_hdr*>(&frame[RTE_ETHER_HDR_LEN]);
    header->dst_addr = ip("10.80.1.1").v4_be();
    seal(*header);
    reinterpret_cast<rte_ether_hdr*>(frame.data())->src_addr = mac(kHostMac);
    return frame;
  };
  const Trace alone = r.trace_frame(piece(496, 1000));
  CHECK(alone.end == Trace::End::taken);
  CHECK(alone.words == "taken: waits for the rest of its datagram");
  r.lan.put(piece(0, 496));
  REQUIRE(eventually([&] { return r.dataplane->held_packets() == 1; }));
  const Trace last = r.trace_frame(piece(496, 1000));
  INFO(to_text(last));
  CHECK(last.end == Trace::End::output);
  CHECK(last.frames.at(0).bytes.size() == RTE_ETHER_HDR_LEN + 20 + 1000);
  CHECK(r.trace_frame(piece(0, 496)).reason == "fragment_duplicate");
  CHECK(r.trace_frame(piece(8, 496)).reason == "fragment_overlap");
  r.lan.put(piece(496, 1000));  // what was traced left the datagram whole
  (void)r.sent_of(r.lan, RTE_ETHER_TYPE_IPV4);
}

TEST_CASE("trace: questions on the link are answered, and nothing is learned of who asks") {
  Traced r;
  const Trace arp = r.trace_frame(arp_request(33, ipv4(10, 80, 1, 33), ipv4(10, 80, 1, 1)));
  INFO(to_text(arp));
  CHECK(arp.end == Trace::End::taken);
  CHECK(nodes_of(arp) == "ethernet_input arp_input");
  CHECK(has_note(arp, "learns that 10.80.1.33 is at 02:53:57:00:00:21"));
  REQUIRE(arp.frames.size() == 1);
  CHECK_FALSE(arp.frames[0].next_hop);
  CHECK(arp.frames[0].mac == MacAddress{0x02, 0x53, 0x57, 0, 0, 33});
  CHECK_FALSE(r.trace("10.80.1.33").frames.at(0).mac);
  CHECK(r.trace_frame(arp_request(33, ipv4(10, 80, 1, 1), ipv4(10, 80, 1, 1))).reason == "arp_conflict");
}

TEST_CASE("trace: frames of every bad kind are dropped for what is wrong with them") {
  Traced r;
  const Bytes good = udp_packet(kHostMac, kLanMac, ip("10.80.1.2"), ip("10.9.1.1"));
  const auto changed = [&](std::size_t at, std::uint8_t to) {
    Bytes frame = good;
    frame.at(at) = to;
    return frame;
  };
  CHECK(r.trace_frame(good).end == Trace::End::output);
  CHECK(r.trace_frame(changed(5, 99)).reason == "not_our_mac");
  CHECK(r.trace_frame(changed(0, 0xff)).reason == "not_unicast");
  CHECK(r.trace_frame(changed(12, 0x88)).reason == "unknown_ethertype");
  CHECK(r.trace_frame(changed(11, kWanMac)).reason == "own_mac_seen");
  CHECK(r.trace_frame(changed(14, 0x55)).reason == "bad_version");
  CHECK(r.trace_frame(changed(14, 0x44)).reason == "bad_header_length");
  CHECK(r.trace_frame(changed(16, 0x40)).reason == "bad_total_length");
  const Trace checksum = r.trace_frame(changed(24, 0xee));
  CHECK(checksum.reason == "bad_checksum");
  CHECK(has_note(checksum, "IPv4 header checksum is wrong"));
  CHECK(nodes_of(checksum) == "ethernet_input ipv4_input");
  CHECK(r.trace_frame(Bytes(good.begin(), good.begin() + 20)).reason == "truncated");
  CHECK(r.trace_frame(Bytes(good.begin(), good.begin() + 14)).reason == "truncated");
  CHECK(r.trace_frame(tagged(good, 77)).reason == "vlan_tag");
  CHECK(r.trace_frame(udp_packet(kHostMac, kLanMac, ip("224.0.0.1"), ip("10.9.1.1"))).reason ==
        "martian_source");
  CHECK(r.trace_frame(udp_packet(kHostMac, kLanMac, ip("10.80.1.2"), ip("10.80.1.255"))).reason ==
        "martian_destination");
}

TEST_CASE("trace: a question that cannot be asked is refused with what to ask instead") {
  Traced r;
  const auto error_of = [&](const TraceRequest& request) {
    const auto trace = r.dataplane->trace(request);
    REQUIRE_FALSE(trace);
    CHECK(trace.error().code == Errc::invalid_argument);
    return trace.error().message;
  };
  TracePacket packet = trace_packet("10.80.1.2", "10.9.1.1");
  CHECK(error_of({.port = "dmz", .packet = packet}) ==
        "there is no port 'dmz'; expected one of lan, wan, lan.10");
  packet.ttl = 0;
  CHECK(error_of({.port = "lan", .packet = packet}) == "a time to live of 0; expected 1 to 255");
  packet = trace_packet("10.80.1.2", "10.9.1.1");
  packet.destination = ip("2001:db8::1");
  CHECK(error_of({.port = "lan", .packet = packet}).find("two families") != std::string::npos);
  CHECK(error_of({.port = "lan", .packet = Bytes(13)}).find("expected at least") != std::string::npos);
  CHECK(error_of({.port = "lan", .packet = Bytes(9217)}).find("the longest that the ports receive") !=
        std::string::npos);
}

TEST_CASE("trace: a node whose workers stand still answers none, within its patience") {
  Traced r;
  REQUIRE(r.dataplane->barrier().quiesce(5s));
  std::atomic<bool> over{false};
  std::thread time([&] {
    while (!over) {
      r.clock.advance(10ms);
      std::this_thread::yield();
    }
  });
  const auto trace = r.dataplane->trace({.port = "lan", .packet = trace_packet("10.80.1.2", "10.9.1.1")});
  over = true;
  time.join();
  REQUIRE_FALSE(trace);
  CHECK(trace.error().code == Errc::timed_out);
  r.dataplane->barrier().resume();
  CHECK(r.trace("10.9.1.1").end == Trace::End::output);
}

}  // namespace stillwater::dataplane
