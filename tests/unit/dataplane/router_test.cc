// The router as its neighbours see it, where time matters: questions, refusals, announcements, VLANs. What
// single packets meet is shown by the golden cases.
#include "tests/unit/dataplane/router.h"

#include "dataplane/datapath/output/nd_frames.h"

namespace stillwater::dataplane {
namespace {

const IpAddress kLanHost4 = IpAddress::v4(htonl(ipv4(10, 80, 1, 2)));
const IpAddress kFarHost4 = IpAddress::v4(htonl(ipv4(192, 0, 2, 9)));

bool is_arp_request_for(const Bytes& frame, std::uint32_t address) {
  if (ethertype_of(frame) != RTE_ETHER_TYPE_ARP) return false;
  const auto& arp = *reinterpret_cast<const rte_arp_hdr*>(&frame[RTE_ETHER_HDR_LEN]);
  return arp.arp_opcode == htons(RTE_ARP_OP_REQUEST) && arp.arp_data.arp_tip == htonl(address);
}

bool is_icmp4(const Bytes& frame, std::uint8_t type, std::uint8_t code) {
  if (ethertype_of(frame) != RTE_ETHER_TYPE_IPV4 || ipv4_header(frame).next_proto_id != IPPROTO_ICMP)
    return false;
  const std::uint8_t* icmp = &frame[RTE_ETHER_HDR_LEN + sizeof(rte_ipv4_hdr)];
  return icmp[0] == type && icmp[1] == code;
}

bool is_icmp6(const Bytes& frame, std::uint8_t type) {
  return ethertype_of(frame) == RTE_ETHER_TYPE_IPV6 && ipv6_header(frame).proto == IPPROTO_ICMPV6 &&
         frame[RTE_ETHER_HDR_LEN + sizeof(rte_ipv6_hdr)] == type;
}

const rte_ether_hdr& ether_of(const Bytes& frame) {
  return *reinterpret_cast<const rte_ether_hdr*>(frame.data());
}

bool same(const rte_ether_addr& a, const rte_ether_addr& b) { return rte_is_same_ether_addr(&a, &b) != 0; }

// An advertisement of `address` by a host whose MAC ends in `from`, to the port whose MAC ends in `to`.
Bytes advertisement(TestBuffers& buffers, std::uint8_t from, std::uint8_t to, const char* address,
                    const char* asker, std::uint8_t flags) {
  rte_mbuf* mbuf = rte_pktmbuf_alloc(buffers.pool());
  write_neighbour_advertisement(*mbuf, mac(from), ip(address), ip(asker), mac(to), flags);
  Bytes bytes = bytes_of(*mbuf);
  rte_pktmbuf_free(mbuf);
  return bytes;
}

}  // namespace

TEST_CASE("a next hop that answers no question: its packets' senders are told, and it is asked three times") {
  Router r;
  r.start();
  r.lan.put(arp_request(kHostMac, ipv4(10, 80, 1, 2), ipv4(10, 80, 1, 1)));
  (void)r.sent_of(r.lan, RTE_ETHER_TYPE_ARP);
  r.lan.put(udp_packet(kHostMac, kLanMac, kLanHost4, kFarHost4));
  for (int question = 0; question < 3; ++question) {
    (void)r.sent_by(r.wan, [](const Bytes& frame) { return is_arp_request_for(frame, ipv4(10, 80, 2, 2)); });
    r.pass(1s);
  }
  const Bytes error = r.sent_by(r.lan, [](const Bytes& frame) { return is_icmp4(frame, 3, 1); });
  CHECK(ipv4_header(error).dst_addr == kLanHost4.v4_be());
  CHECK(r.dropped("neighbour_unresolved") == 1);
  CHECK(r.wan.sent() == 0);
}

TEST_CASE("the same of IPv6: solicitations to the solicited-node group, then address unreachable") {
  Router r;
  r.start();
  r.lan.put(advertisement(r.buffers, kHostMac, kLanMac, "2001:db8:1::2", "2001:db8:1::1", kOverrideFlag));
  CHECK(r.dropped("nd_unasked") == 1);
  r.lan.put(udp_packet(kHostMac, kLanMac, ip("2001:db8:1::2"), ip("2001:db8:9::9")));
  for (int question = 0; question < 3; ++question) {
    const Bytes asked = r.sent_by(r.wan, [](const Bytes& frame) { return is_icmp6(frame, 135); });
    CHECK(same(ether_of(asked).dst_addr, multicast_mac(solicited_node(ip("2001:db8:2::2")))));
    CHECK(ipv6_header(asked).hop_limits == 255);
    r.pass(1s);
  }
  // The error's way back is asked for as well.
  (void)r.sent_by(r.lan, [](const Bytes& frame) { return is_icmp6(frame, 135); });
  r.lan.put(advertisement(r.buffers, kHostMac, kLanMac, "2001:db8:1::2", "2001:db8:1::1", kSolicitedFlag));
  const Bytes error = r.sent_by(r.lan, [](const Bytes& frame) { return is_icmp6(frame, 1); });
  CHECK(error[RTE_ETHER_HDR_LEN + sizeof(rte_ipv6_hdr) + 1] == 3);
  CHECK(same(ether_of(error).dst_addr, mac(kHostMac)));
}

TEST_CASE("a neighbour in use is asked again, by itself; one that does not answer is forgotten") {
  Router r;
  r.start();
  r.greet();
  r.pass(31s);
  r.lan.put(udp_packet(kHostMac, kLanMac, kLanHost4, kFarHost4));
  for (int question = 0; question < 3; ++question) {
    INFO("question " << question);
    const Bytes asked =
        r.sent_by(r.wan, [](const Bytes& frame) { return is_arp_request_for(frame, ipv4(10, 80, 2, 2)); });
    CHECK(same(ether_of(asked).dst_addr, mac(kFarMac)));
    r.pass(1s);
  }
  (void)r.dropped("nothing");
  r.lan.put(udp_packet(kHostMac, kLanMac, kLanHost4, kFarHost4));
  const Bytes asked =
      r.sent_by(r.wan, [](const Bytes& frame) { return is_arp_request_for(frame, ipv4(10, 80, 2, 2)); });
  CHECK(rte_is_broadcast_ether_addr(&ether_of(asked).dst_addr) != 0);
}

TEST_CASE("a neighbour that answers stays known, and the packets never waited") {
  Router r;
  r.start();
  r.greet();
  r.pass(31s);
  r.lan.put(udp_packet(kHostMac, kLanMac, kLanHost4, kFarHost4));
  (void)r.sent_of(r.wan, RTE_ETHER_TYPE_IPV4);
  r.wan.put(arp_request(kFarMac, ipv4(10, 80, 2, 2), ipv4(10, 80, 2, 1)));
  r.pass(5s);
  r.lan.put(udp_packet(kHostMac, kLanMac, kLanHost4, kFarHost4));
  const Bytes sent = r.sent_of(r.wan, RTE_ETHER_TYPE_IPV4);
  CHECK(same(ether_of(sent).dst_addr, mac(kFarMac)));
  CHECK(r.dropped("neighbour_unresolved") == 0);
}

TEST_CASE("errors are told at their rate, and those that are not are counted") {
  Router r;
  r.config.icmp_errors_per_s = 10;
  r.config.routes.clear();
  r.start();
  r.greet();
  for (int i = 0; i < 25; ++i) r.lan.put(udp_packet(kHostMac, kLanMac, kLanHost4, kFarHost4));
  r.settle();
  CHECK(r.dropped("no_route") == 25);
  CHECK(r.dropped("icmp_error_suppressed") == 15);
  for (int i = 0; i < 10; ++i)
    (void)r.sent_by(r.lan, [](const Bytes& frame) { return is_icmp4(frame, 3, 0); });
  r.pass(1s);
  r.lan.put(udp_packet(kHostMac, kLanMac, kLanHost4, kFarHost4));
  (void)r.sent_by(r.lan, [](const Bytes& frame) { return is_icmp4(frame, 3, 0); });
}

TEST_CASE("a successor announces every address of both families, of VLANs in their tags") {
  Router r;
  PortConfig vlan = r.config.ports[0];
  vlan.name = "lan.10";
  vlan.device.clear();
  vlan.parent = "lan";
  vlan.vlan = 10;
  vlan.addresses = {{ipv4(10, 80, 10, 1), 24}};
  vlan.addresses6.clear();
  r.config.ports.push_back(vlan);
  r.start();
  r.dataplane->announce();
  (void)r.sent_by(r.lan, [](const Bytes& frame) { return is_arp_request_for(frame, ipv4(10, 80, 1, 1)); });
  const Bytes link_local = r.sent_by(r.lan, [](const Bytes& frame) { return is_icmp6(frame, 136); });
  CHECK(IpAddress::v6(ipv6_header(link_local).src_addr) == link_local_of(mac(kLanMac)));
  const Bytes global = r.sent_by(r.lan, [](const Bytes& frame) { return is_icmp6(frame, 136); });
  CHECK(IpAddress::v6(ipv6_header(global).src_addr) == ip("2001:db8:1::1"));
  const Bytes in_tag = r.sent_of(r.lan, RTE_ETHER_TYPE_VLAN);
  CHECK((in_tag[14] << 8 | in_tag[15]) == 10);
}

TEST_CASE("a VLAN is a port of its own: what comes in one tag leaves in another's, untagged or tagged") {
  Router r;
  for (const std::uint16_t id : {std::uint16_t{10}, std::uint16_t{20}}) {
    PortConfig vlan = r.config.ports[0];
    vlan.name = "lan." + std::to_string(id);
    vlan.device.clear();
    vlan.parent = "lan";
    vlan.vlan = id;
    vlan.addresses = {{ipv4(10, 80, id, 1u), 24}};
    vlan.addresses6.clear();
    r.config.ports.push_back(vlan);
  }
  r.start();
  r.lan.put(tagged(arp_request(kHostMac, ipv4(10, 80, 10, 2), ipv4(10, 80, 10, 1)), 10));
  r.lan.put(tagged(arp_request(12, ipv4(10, 80, 20, 2), ipv4(10, 80, 20, 1)), 20));
  r.lan.put(tagged(udp_packet(kHostMac, kLanMac, ip("10.80.10.2"), ip("10.80.20.2")), 10));
  r.lan.put(tagged(udp_packet(kHostMac, kLanMac, ip("10.80.10.2"), ip("10.80.20.2")), 30));
  Bytes forwarded = r.sent_by(r.lan, [](const Bytes& frame) {
    return ethertype_of(frame) == RTE_ETHER_TYPE_VLAN && frame[16] == 0x08 && frame[17] == 0x00;
  });
  CHECK((forwarded[14] << 8 | forwarded[15]) == 20);
  CHECK(same(ether_of(forwarded).dst_addr, mac(12)));
  CHECK(r.dropped("vlan_tag") == 1);
}

TEST_CASE("several workers of a router: a neighbour that one of them heard of is known to all") {
  Router r(2);
  r.start();
  r.wan.put(arp_request(kFarMac, ipv4(10, 80, 2, 2), ipv4(10, 80, 2, 1)), 0);
  (void)r.sent_of(r.wan, RTE_ETHER_TYPE_ARP);
  for (unsigned queue = 0; queue < 2; ++queue) {
    r.next_turns();
    r.lan.put(udp_packet(kHostMac, kLanMac, kLanHost4, kFarHost4), queue);
    const Bytes sent = r.sent_of(r.wan, RTE_ETHER_TYPE_IPV4);
    CHECK(same(ether_of(sent).dst_addr, mac(kFarMac)));
  }
}

}  // namespace stillwater::dataplane
