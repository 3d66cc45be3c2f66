// What the configuration's NAT entries say of flows.
#include "dataplane/datapath/nat/nat_tables.h"

#include <catch2/catch.hpp>

#include "dataplane/datapath/translate.h"
#include "tests/unit/dataplane/firewall.h"

namespace stillwater::dataplane {
namespace {

constexpr PortIndex kInside = 0, kOutside = 1;

region::FlowKey key(std::uint32_t source, std::uint32_t destination, std::uint8_t protocol,
                    std::uint16_t port) {
  region::FlowKey flow;
  flow.source_be = htonl(source);
  flow.destination_be = htonl(destination);
  flow.source_port_be = htons(1000);
  flow.destination_port_be = htons(port);
  flow.protocol = protocol;
  return flow;
}

Config with_all_kinds() {
  Config config = firewall_config("in", "out");
  config.source_nat = {
      {.from = {"inside"}, .to = {"outside"}, .sources = {{ipv4(10, 80, 1, 8), 29}}, .translates = false},
      {.from = {"inside"}, .to = {"outside"}, .pool = {{ipv4(10, 80, 2, 7), ipv4(10, 80, 2, 9)}}}};
  config.destination_nat = {{.from = {"outside"},
                             .address = ipv4(10, 80, 2, 7),
                             .protocol = IPPROTO_TCP,
                             .ports = {8000, 8009},
                             .to = ipv4(10, 80, 1, 3),
                             .to_ports = 80},
                            {.from = {"outside"}, .address = ipv4(10, 80, 2, 40), .to = ipv4(10, 80, 1, 4)}};
  config.static_nat = {
      {.at = {"outside"}, .outside = {ipv4(10, 80, 2, 48), 29}, .inside = {ipv4(10, 80, 1, 64), 29}}};
  return config;
}

}  // namespace

TEST_CASE("NAT tables: the first entry of source NAT that matches decides") {
  const NatTables nat(with_all_kinds());
  const auto entry = [&](PortIndex in, PortIndex out, std::uint32_t source) {
    return nat.source_entry(in, out, htonl(source));
  };
  CHECK(entry(kInside, kOutside, ipv4(10, 80, 1, 9)) == nullptr);
  REQUIRE(entry(kInside, kOutside, ipv4(10, 80, 1, 16)) != nullptr);
  CHECK(nat.index_of(*entry(kInside, kOutside, ipv4(10, 80, 1, 16))) == 1);
  CHECK(entry(kInside, kOutside, ipv4(10, 80, 1, 16))->pool.size() == 3);
  CHECK(entry(kOutside, kInside, ipv4(10, 80, 1, 16)) == nullptr);
  CHECK(nat.pool_addresses().size() == 3);
}

TEST_CASE("NAT tables: port forwards keep the place in their range, and all of an address goes without one") {
  const NatTables nat(with_all_kinds());
  const std::uint32_t from = ipv4(192, 0, 2, 9);
  const auto to = [&](std::uint32_t address, std::uint8_t protocol, std::uint16_t port) {
    return nat.translated_destination(kOutside, key(from, address, protocol, port));
  };
  CHECK(to(ipv4(10, 80, 2, 7), IPPROTO_TCP, 8003) == key(from, ipv4(10, 80, 1, 3), IPPROTO_TCP, 83));
  CHECK_FALSE(to(ipv4(10, 80, 2, 7), IPPROTO_TCP, 8010));
  CHECK_FALSE(to(ipv4(10, 80, 2, 7), IPPROTO_UDP, 8003));
  CHECK(to(ipv4(10, 80, 2, 40), 47, 0) == key(from, ipv4(10, 80, 1, 4), 47, 0));
  CHECK_FALSE(nat.translated_destination(kInside, key(from, ipv4(10, 80, 2, 7), IPPROTO_TCP, 8003)));
  CHECK(nat.is_inside_target(htonl(ipv4(10, 80, 1, 3)), IPPROTO_TCP, htons(89)));
  CHECK_FALSE(nat.is_inside_target(htonl(ipv4(10, 80, 1, 3)), IPPROTO_TCP, htons(90)));
  CHECK_FALSE(nat.is_inside_target(htonl(ipv4(10, 80, 1, 3)), IPPROTO_UDP, htons(89)));
  CHECK(nat.is_inside_target(htonl(ipv4(10, 80, 1, 4)), 50, 0));
}

TEST_CASE("NAT tables: one to one keeps the place in the prefix, both ways") {
  const NatTables nat(with_all_kinds());
  for (std::uint32_t n = 0; n < 8; ++n) {
    const std::uint32_t outside = ipv4(10, 80, 2, 48) + n, inside = ipv4(10, 80, 1, 64) + n;
    CHECK(nat.static_source(kOutside, htonl(inside)) == htonl(outside));
    CHECK(nat.translated_destination(kOutside, key(1, outside, IPPROTO_UDP, 7)) ==
          key(1, inside, IPPROTO_UDP, 7));
    CHECK(nat.is_outside_address(htonl(outside)));
  }
  CHECK_FALSE(nat.static_source(kInside, htonl(ipv4(10, 80, 1, 64))));
  CHECK_FALSE(nat.static_source(kOutside, htonl(ipv4(10, 80, 1, 72))));
  CHECK_FALSE(nat.is_outside_address(htonl(ipv4(10, 80, 2, 56))));
}

TEST_CASE("a protocol without ports is translated by its addresses alone") {
  for (const std::uint8_t protocol : {std::uint8_t{47}, std::uint8_t{50}}) {
    Bytes frame = udp_frame(kHostMac, kInMac, {kHost, kServer, 0x1234, 0x5678});
    auto& ip = *reinterpret_cast<rte_ipv4_hdr*>(&frame[RTE_ETHER_HDR_LEN]);
    ip.next_proto_id = protocol;
    ip.hdr_checksum = 0;
    ip.hdr_checksum = checksum_of(&ip, sizeof(ip));
    const Bytes before = frame;
    Packet packet;
    packet.ip = &ip;
    packet.l4 = reinterpret_cast<std::uint8_t*>(&ip + 1);
    packet.key = key(kHost, kServer, protocol, 0);
    packet.key.source_port_be = 0;
    region::FlowKey after = packet.key;
    after.source_be = htonl(kOut);
    translate(packet, after);
    CHECK(ip.src_addr == htonl(kOut));
    CHECK(ip.dst_addr == htonl(kServer));
    CHECK(sum_words(&ip, sizeof(ip)) == 0xffff);
    CHECK(std::equal(frame.begin() + 34, frame.end(), before.begin() + 34));
  }
}

TEST_CASE("NAT tables: an entry of several ports is one entry at each of them, and nowhere else") {
  Config config = firewall_config("in", "out");
  config.ports.push_back(config.ports[1]);
  config.ports[2].name = "uplink";
  config.ports.push_back(config.ports[0]);
  config.ports[3].name = "dmz";
  config.source_nat = {{.from = {"inside", "dmz"}, .to = {"outside", "uplink"}, .address = kOut}};
  config.destination_nat = {{.from = {"outside", "uplink"}, .address = ipv4(10, 80, 2, 40), .to = kHost}};
  config.static_nat = {{.at = {"outside", "uplink"},
                        .outside = {ipv4(10, 80, 2, 48), 32},
                        .inside = {ipv4(10, 80, 1, 64), 32}}};
  const NatTables nat(config);
  const PortIndex ports[] = {0, 1, 2, 3};
  for (const PortIndex in : ports)
    for (const PortIndex out : ports)
      CHECK((nat.source_entry(in, out, htonl(kHost)) != nullptr) ==
            ((in == 0 || in == 3) && (out == 1 || out == 2)));
  CHECK(nat.source_entry(kAnyPort, 1, htonl(kHost)) == nullptr);
  for (const PortIndex port : ports) {
    const bool far = port == 1 || port == 2;
    CHECK(nat.translated_destination(port, key(kServer, ipv4(10, 80, 2, 40), IPPROTO_UDP, 9)).has_value() ==
          far);
    CHECK(nat.translated_destination(port, key(kServer, ipv4(10, 80, 2, 48), IPPROTO_UDP, 9)).has_value() ==
          far);
    CHECK(nat.static_source(port, htonl(ipv4(10, 80, 1, 64))).has_value() == far);
    CHECK(nat_addresses_at(config, config.ports[port].name).size() == (far ? 3 : 0));
  }
}

TEST_CASE("NAT tables: who is inside is known by the port, or by what an entry says of sources") {
  Config config = firewall_config("in", "out");
  config.source_nat = {{.to = {"outside"}, .address = kOut}};
  CHECK(NatTables(config).leaves_translated(kInside, kOutside, htonl(kHost)));
  CHECK_FALSE(NatTables(config).leaves_translated(kOutside, kOutside, htonl(kServer)));
  config.source_nat[0].sources = {{kHost, 32}};
  CHECK(NatTables(config).leaves_translated(kOutside, kOutside, htonl(kHost)));
  CHECK_FALSE(NatTables(config).leaves_translated(kOutside, kOutside, htonl(kServer)));
}

}  // namespace stillwater::dataplane
