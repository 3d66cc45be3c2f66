// Pings from own addresses, as the network sees and answers them.
#include <future>

#include "dataplane/datapath/icmp/icmp6_message.h"
#include "tests/unit/dataplane/router.h"

namespace stillwater::dataplane {
namespace {

std::uint8_t* icmp_of(Bytes& frame) {
  const bool is_v4 = ethertype_of(frame) == RTE_ETHER_TYPE_IPV4;
  return &frame[RTE_ETHER_HDR_LEN + (is_v4 ? sizeof(rte_ipv4_hdr) : sizeof(rte_ipv6_hdr))];
}

bool is_echo_request(Bytes frame) {
  const std::uint16_t type = ethertype_of(frame);
  if (type == RTE_ETHER_TYPE_IPV4)
    return ipv4_header(frame).next_proto_id == IPPROTO_ICMP && *icmp_of(frame) == 8;
  return type == RTE_ETHER_TYPE_IPV6 && ipv6_header(frame).proto == IPPROTO_ICMPV6 && *icmp_of(frame) == 128;
}

// The frame goes back where it came from.
void turn_round(Bytes& frame) {
  auto* ether = reinterpret_cast<rte_ether_hdr*>(frame.data());
  std::swap(ether->src_addr, ether->dst_addr);
}

void seal_icmp(Bytes& frame) {
  std::uint8_t* icmp = icmp_of(frame);
  const std::size_t bytes = frame.size() - static_cast<std::size_t>(icmp - frame.data());
  icmp[2] = icmp[3] = 0;
  std::uint16_t checksum;
  if (ethertype_of(frame) == RTE_ETHER_TYPE_IPV4)
    checksum = checksum_of(icmp, bytes);
  else
    checksum = static_cast<std::uint16_t>(~sum_icmp6(IpAddress::v6(ipv6_header(frame).src_addr),
                                                     IpAddress::v6(ipv6_header(frame).dst_addr), icmp,
                                                     static_cast<std::uint32_t>(bytes)));
  std::memcpy(icmp + 2, &checksum, sizeof(checksum));
}

// As a host answers it.
Bytes reply_to(Bytes frame) {
  turn_round(frame);
  if (ethertype_of(frame) == RTE_ETHER_TYPE_IPV4) {
    auto& header = *reinterpret_cast<rte_ipv4_hdr*>(&frame[RTE_ETHER_HDR_LEN]);
    const std::uint32_t asker_be = header.src_addr;
    header.src_addr = header.dst_addr;
    header.dst_addr = asker_be;
    header.time_to_live = 60;
    seal(header);
    *icmp_of(frame) = 0;
  } else {
    auto& header = *reinterpret_cast<rte_ipv6_hdr*>(&frame[RTE_ETHER_HDR_LEN]);
    std::swap_ranges(header.src_addr, header.src_addr + 16, header.dst_addr);
    header.hop_limits = 60;
    *icmp_of(frame) = 129;
  }
  seal_icmp(frame);
  return frame;
}

// An error about the request, by `router`.
Bytes error_about(const Bytes& request, const IpAddress& router, std::uint8_t type, std::uint8_t code,
                  std::uint32_t rest = 0) {
  const bool is_v4 = router.is_v4();
  Bytes payload{type, code, 0, 0};
  for (int shift = 24; shift >= 0; shift -= 8) payload.push_back(static_cast<std::uint8_t>(rest >> shift));
  payload.insert(payload.end(), request.begin() + RTE_ETHER_HDR_LEN, request.end());
  Bytes frame;
  if (is_v4) {
    frame =
        frame_of(Ipv4Packet{.payload = payload, .source = ntohl(router.v4_be()), .protocol = IPPROTO_ICMP});
    auto& header = *reinterpret_cast<rte_ipv4_hdr*>(&frame[RTE_ETHER_HDR_LEN]);
    header.dst_addr = ipv4_header(request).src_addr;
    seal(header);
  } else {
    frame = frame_of(Ipv6Packet{.payload = payload, .next = IPPROTO_ICMPV6, .source = router.bytes});
    auto& header = *reinterpret_cast<rte_ipv6_hdr*>(&frame[RTE_ETHER_HDR_LEN]);
    std::copy_n(ipv6_header(request).src_addr, 16, header.dst_addr);
  }
  std::copy_n(request.begin() + RTE_ETHER_ADDR_LEN, RTE_ETHER_ADDR_LEN, frame.begin());
  std::copy_n(request.begin(), RTE_ETHER_ADDR_LEN, frame.begin() + RTE_ETHER_ADDR_LEN);
  seal_icmp(frame);
  return frame;
}

// A ping that is on its way. Time passes until it is over, where nobody waited for it.
template <class World>
class Ping {
 public:
  Ping(World& world, const PingRequest& request)
      : clock_(world.clock),
        result_(
            std::async(std::launch::async, [&world, request] { return world.dataplane->ping(request); })) {}
  ~Ping() {
    while (result_.valid() && !is_over()) clock_.advance(1ms);
  }
  PingReply reply() {
    REQUIRE(result_.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
    auto reply = result_.get();
    if (!reply) FAIL(reply.error().message);
    return *reply;
  }
  Result<PingReply> outwaited() {
    REQUIRE(eventually([&] {
      clock_.advance(1ms);
      return is_over();
    }));
    return result_.get();
  }

 private:
  [[nodiscard]] bool is_over() const {
    return result_.wait_for(std::chrono::microseconds(100)) == std::future_status::ready;
  }

  ManualClock& clock_;
  std::future<Result<PingReply>> result_;
};

struct Pinging : Router {
  Pinging() {
    start();
    greet();
  }
  Bytes request() { return sent_by(wan, is_echo_request); }
  // Makes 2001:db8:2::2 known.
  void greet6() {
    rte_mbuf* mbuf = rte_pktmbuf_alloc(buffers.pool());
    std::uint8_t* icmp = begin_icmp6(*mbuf, ip("2001:db8:2::2"), ip("2001:db8:2::1"), 135, 0);
    std::memset(icmp + 4, 0, 4);
    auto* target = rte_pktmbuf_append(mbuf, 24);
    const IpAddress own = ip("2001:db8:2::1");
    std::memcpy(target, &own, sizeof(own));
    const std::uint8_t option[] = {1, 1, 0x02, 0x53, 0x57, 0, 0, kFarMac};
    std::memcpy(target + 16, option, sizeof(option));
    finish_icmp6(*mbuf, 255);
    Bytes frame = bytes_of(*mbuf);
    rte_pktmbuf_free(mbuf);
    auto* ether = reinterpret_cast<rte_ether_hdr*>(frame.data());
    ether->dst_addr = mac(kWanMac);
    ether->src_addr = mac(kFarMac);
    wan.put(frame);
    (void)sent_of(wan, RTE_ETHER_TYPE_IPV6);
  }
};

}  // namespace

TEST_CASE("ping: a request from the address towards the host, and the reply with the time that it took") {
  Pinging r;
  Ping ping(r, PingRequest{.destination = ip("192.0.2.9"), .payload_bytes = 100, .ttl = 33});
  const Bytes request = r.request();
  CHECK(ipv4_header(request).src_addr == ip("10.80.2.1").v4_be());
  CHECK(ipv4_header(request).dst_addr == ip("192.0.2.9").v4_be());
  CHECK(ipv4_header(request).time_to_live == 33);
  CHECK(request.size() == RTE_ETHER_HDR_LEN + 20 + 8 + 100);
  r.pass(7ms);
  r.wan.put(reply_to(request));
  const PingReply reply = ping.reply();
  CHECK(reply.kind == PingReply::Kind::reply);
  CHECK(reply.from == ip("192.0.2.9"));
  CHECK(reply.source == ip("10.80.2.1"));
  CHECK(reply.round_trip == 7ms);
  CHECK(reply.ttl == 60);
  CHECK(reply.bytes == 108);
  CHECK(r.dropped("not_served") == 0);
}

TEST_CASE("ping: of IPv6, from another own address than the one towards the host") {
  Pinging r;
  r.greet6();
  Ping ping(r, PingRequest{.destination = ip("2001:db8:9::9"), .source = ip("2001:db8:1::1")});
  const Bytes request = r.request();
  CHECK(IpAddress::v6(ipv6_header(request).src_addr) == ip("2001:db8:1::1"));
  r.wan.put(reply_to(request));
  const PingReply reply = ping.reply();
  CHECK(reply.kind == PingReply::Kind::reply);
  CHECK(reply.from == ip("2001:db8:9::9"));
  CHECK(reply.bytes == 64);
}

TEST_CASE("ping: nobody answers, and the wait ends; an answer that comes later is for nobody") {
  Pinging r;
  Ping ping(r, PingRequest{.destination = ip("192.0.2.9"), .timeout = 50ms});
  const Bytes request = r.request();
  const auto none = ping.outwaited();
  REQUIRE_FALSE(none);
  CHECK(none.error().code == Errc::timed_out);
  CHECK(none.error().message == "192.0.2.9 did not answer within 50 ms");
  r.wan.put(reply_to(request));
  CHECK(r.dropped("not_served") == 1);
}

TEST_CASE("ping: answers to something else are passed over") {
  Pinging r;
  Ping ping(r, PingRequest{.destination = ip("192.0.2.9")});
  const Bytes request = r.request();
  Bytes other_sequence = request;
  icmp_of(other_sequence)[7] ^= 1;
  r.wan.put(reply_to(other_sequence));
  Bytes other_host = request;
  reinterpret_cast<rte_ipv4_hdr*>(&other_host[RTE_ETHER_HDR_LEN])->dst_addr = ip("192.0.2.10").v4_be();
  r.wan.put(reply_to(other_host));
  Bytes damaged = reply_to(request);
  damaged.back() ^= 1;
  r.wan.put(damaged);
  CHECK(r.dropped("not_served") == 3);
  r.wan.put(reply_to(request));
  CHECK(ping.reply().kind == PingReply::Kind::reply);
}

TEST_CASE("ping: errors of routers on the way, in both families") {
  Pinging r;
  r.greet6();
  struct Case {
    const char* destination;
    const char* router;
    std::uint8_t type, code;
    std::uint32_t rest;
    PingReply::Kind kind;
  };
  const Case cases[] = {{"192.0.2.9", "198.51.100.1", 3, 1, 0, PingReply::Kind::unreachable},
                        {"192.0.2.9", "198.51.100.1", 11, 0, 0, PingReply::Kind::time_exceeded},
                        {"192.0.2.9", "198.51.100.1", 3, 4, 1280, PingReply::Kind::packet_too_big},
                        {"192.0.2.9", "198.51.100.1", 12, 0, 0, PingReply::Kind::other_error},
                        {"2001:db8:9::9", "2001:db8:7::1", 1, 3, 0, PingReply::Kind::unreachable},
                        {"2001:db8:9::9", "2001:db8:7::1", 3, 0, 0, PingReply::Kind::time_exceeded},
                        {"2001:db8:9::9", "2001:db8:7::1", 2, 0, 1280, PingReply::Kind::packet_too_big}};
  for (const Case& c : cases) {
    INFO(c.destination << " " << int{c.type} << "/" << int{c.code});
    Ping ping(r, PingRequest{.destination = ip(c.destination)});
    r.wan.put(error_about(r.request(), ip(c.router), c.type, c.code, c.rest));
    const PingReply reply = ping.reply();
    CHECK(reply.kind == c.kind);
    CHECK(reply.from == ip(c.router));
    CHECK(reply.mtu == c.rest);
    CHECK(reply.type == c.type);
  }
}

TEST_CASE("ping: a next hop that answers no question is told of in this node's own name") {
  Router r;
  r.start();
  Ping ping(r, PingRequest{.destination = ip("10.80.2.77"), .timeout = 10s});
  (void)r.sent_of(r.wan, RTE_ETHER_TYPE_ARP);
  const auto reply = ping.outwaited();
  REQUIRE(reply);
  CHECK(reply->kind == PingReply::Kind::unreachable);
  CHECK(reply->from == ip("10.80.2.1"));
  CHECK(reply->ttl == 0);
}

TEST_CASE("ping: a request longer than the MTU leaves in fragments, and its reply comes in fragments") {
  Pinging r;
  SECTION("IPv4") {
    Ping ping(r, PingRequest{.destination = ip("192.0.2.9"), .payload_bytes = 4001});
    Bytes payload;
    const auto is_fragment_of_it = [](const Bytes& frame) {
      return ethertype_of(frame) == RTE_ETHER_TYPE_IPV4 && ipv4_header(frame).next_proto_id == IPPROTO_ICMP;
    };
    for (bool more = true; more;) {
      const Bytes fragment = r.sent_by(r.wan, is_fragment_of_it);
      payload.insert(payload.end(), fragment.begin() + RTE_ETHER_HDR_LEN + 20, fragment.end());
      more = (ntohs(ipv4_header(fragment).fragment_offset) & RTE_IPV4_HDR_MF_FLAG) != 0;
    }
    REQUIRE(payload.size() == 4009);
    CHECK(checksum_of(payload.data(), payload.size()) == 0);
    payload[0] = 0;
    payload[2] = payload[3] = 0;
    const std::uint16_t checksum = checksum_of(payload.data(), payload.size());
    std::memcpy(&payload[2], &checksum, sizeof(checksum));
    for (std::uint16_t at = 0; at < payload.size(); at = static_cast<std::uint16_t>(at + 1000)) {
      const std::size_t end = std::min<std::size_t>(at + 1000u, payload.size());
      Bytes frame = frame_of(Ipv4Packet{
          .payload = Bytes(payload.begin() + at, payload.begin() + static_cast<std::ptrdiff_t>(end)),
          .offset = at,
          .more = end != payload.size(),
          .source = ipv4(192, 0, 2, 9),
          .protocol = IPPROTO_ICMP});
      auto* header = reinterpret_cast<rte_ipv4_hdr*>(&frame[RTE_ETHER_HDR_LEN]);
      header->dst_addr = ip("10.80.2.1").v4_be();
      seal(*header);
      auto* ether = reinterpret_cast<rte_ether_hdr*>(frame.data());
      ether->src_addr = mac(kFarMac);
      ether->dst_addr = mac(kWanMac);
      r.wan.put(frame);
    }
    const PingReply reply = ping.reply();
    CHECK(reply.kind == PingReply::Kind::reply);
    CHECK(reply.bytes == 4009);
  }
  SECTION("IPv4, not to be cut") {
    const auto reply =
        r.dataplane->ping({.destination = ip("192.0.2.9"), .payload_bytes = 4000, .dont_fragment = true});
    REQUIRE(reply);
    CHECK(reply->kind == PingReply::Kind::packet_too_big);
    CHECK(reply->from == ip("10.80.2.1"));
    CHECK(reply->mtu == 1500);
    CHECK(r.wan.sent() == 0);
  }
  SECTION("IPv6: the error about a fragment is about the request") {
    r.greet6();
    Ping ping(r, PingRequest{.destination = ip("2001:db8:9::9"), .payload_bytes = 2000});
    const Bytes first = r.sent_by(r.wan, [](const Bytes& frame) {
      return ethertype_of(frame) == RTE_ETHER_TYPE_IPV6 && ipv6_header(frame).proto == IPPROTO_FRAGMENT;
    });
    Bytes quoted(first.begin(), first.begin() + 200);
    r.wan.put(error_about(quoted, ip("2001:db8:7::1"), 2, 0, 1280));
    CHECK(ping.reply().kind == PingReply::Kind::packet_too_big);
  }
  r.settle();
  CHECK(r.dataplane->held_packets() == 0);
}

TEST_CASE("ping: from a firewall with source NAT, whose own answers are told from those of sessions") {
  const unsigned workers = GENERATE(1u, 2u);
  Firewall f(workers);
  f.start_and_resume();
  f.greet();
  for (int i = 0; i < 4; ++i) {
    Ping ping(f, PingRequest{.destination = ip("10.80.2.2")});
    Bytes request;
    REQUIRE(eventually([&] { return f.outside.take(request) && is_echo_request(request); }));
    CHECK(ipv4_header(request).src_addr == htonl(kOut));
    const bool as_error = i % 2 == 1;
    f.outside.put(as_error ? error_about(request, ip("10.80.2.2"), 3, 1) : reply_to(request), 0);
    const PingReply reply = ping.reply();
    CHECK(reply.kind == (as_error ? PingReply::Kind::unreachable : PingReply::Kind::reply));
    CHECK(reply.from == ip("10.80.2.2"));
  }
  CHECK(f.inside.sent() == 0);
  CHECK(f.dataplane->sessions_in_use() == 0);
}

TEST_CASE("ping: what cannot be sent is refused with what to do") {
  Pinging r;
  const auto error_of = [&](const PingRequest& request) {
    const auto reply = r.dataplane->ping(request);
    REQUIRE_FALSE(reply);
    CHECK(reply.error().code == Errc::invalid_argument);
    return reply.error().message;
  };
  CHECK(error_of({.destination = ip("10.80.1.1")}) == "10.80.1.1 is an address of this node");
  CHECK(error_of({.destination = ip("192.0.2.9"), .source = ip("192.0.2.1")}) ==
        "192.0.2.1 is not an address of this node");
  CHECK(error_of({.destination = ip("224.0.0.1")}) == "224.0.0.1 is no host's address");
  CHECK(error_of({.destination = ip("192.0.2.9"), .payload_bytes = 9001}).find("at most 9000") !=
        std::string::npos);
  CHECK(error_of({.destination = ip("192.0.2.9"), .timeout = 61s}).find("1 ms to 60 s") != std::string::npos);
  CHECK(error_of({.destination = ip("fe80::1")}).find("expected the name of the port") != std::string::npos);
  CHECK(error_of({.destination = ip("10.80.1.255")}) == "no route leads to 10.80.1.255");
}

TEST_CASE("ping: a node that does not forward says so at once") {
  Pinging r;
  REQUIRE(r.dataplane->barrier().quiesce(5s));
  Ping ping(r, PingRequest{.destination = ip("192.0.2.9"), .timeout = 60s});
  const auto reply = ping.outwaited();
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == Errc::failed_precondition);
  r.dataplane->barrier().resume();
}

TEST_CASE("ping: those that ask at a time are answered one after the other, each with its own") {
  Pinging r;
  Ping first(r, PingRequest{.destination = ip("192.0.2.9"), .timeout = 10s});
  Ping second(r, PingRequest{.destination = ip("192.0.2.9"), .timeout = 10s});
  for (int i = 0; i < 2; ++i) r.wan.put(reply_to(r.request()));
  CHECK(first.reply().kind == PingReply::Kind::reply);
  CHECK(second.reply().kind == PingReply::Kind::reply);
}

}  // namespace stillwater::dataplane
