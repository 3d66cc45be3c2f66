// Next hops of tracked routes as they meet a router: stations that answer, fall silent and come back.
#include <deque>
#include <map>
#include <set>

#include "ckpt_engine/region/neighbour_table.h"
#include "dataplane/datapath/output/nd_frames.h"
#include "tests/unit/dataplane/router.h"

namespace stillwater::dataplane {
namespace {

using Hosts = std::set<unsigned>;  // x in 10.80.2.x, whose MAC ends in 20 + x

const IpAddress kFar = IpAddress::v4(htonl(ipv4(192, 0, 2, 9)));

std::string host(unsigned x) { return "10.80.2." + std::to_string(x); }
std::uint8_t mac_of_host(unsigned x) { return static_cast<std::uint8_t>(20 + x); }

RouteConfig route(const char* to, std::uint8_t length, std::initializer_list<unsigned> hosts, bool track) {
  RouteConfig route{.to = {ip(to), length}};
  for (const unsigned x : hosts) route.via.push_back({.via = ip(host(x).c_str())});
  route.track = track;
  return route;
}

bool is_arp_question(const Bytes& frame) {
  return ethertype_of(frame) == RTE_ETHER_TYPE_ARP &&
         reinterpret_cast<const rte_arp_hdr*>(&frame[RTE_ETHER_HDR_LEN])->arp_opcode ==
             htons(RTE_ARP_OP_REQUEST);
}
unsigned asked_host(const Bytes& question) {
  return ntohl(reinterpret_cast<const rte_arp_hdr*>(&question[RTE_ETHER_HDR_LEN])->arp_data.arp_tip) & 0xff;
}
Bytes answer_to(Bytes question) {
  rte_mbuf mbuf{};
  mbuf.buf_addr = question.data();
  const std::uint8_t from = mac_of_host(asked_host(question));
  turn_into_arp_reply(mbuf, mac(from));
  return question;
}
rte_ether_addr destination_of(const Bytes& frame) {
  return reinterpret_cast<const rte_ether_hdr*>(frame.data())->dst_addr;
}
bool same(const rte_ether_addr& a, const rte_ether_addr& b) { return rte_is_same_ether_addr(&a, &b) != 0; }

struct WatchingRouter : Router {
  explicit WatchingRouter(unsigned workers = 1) : Router(workers) {
    config.routes = {route("192.0.2.0", 24, {2, 3}, true), route("0.0.0.0", 0, {4}, false)};
  }
  // One question is on its way to each of `watched`; those of `there` answer, by that queue. A second passes.
  void second(const Hosts& watched, const Hosts& there, unsigned queue = 0) {
    Hosts asked;
    while (asked.size() < watched.size()) {
      const Bytes question = next_question();
      REQUIRE(watched.contains(asked_host(question)));
      REQUIRE(asked.insert(asked_host(question)).second);
      last_questions[asked_host(question)] = question;
      if (there.contains(asked_host(question))) wan.put(answer_to(question), queue);
    }
    settle();
    pass(1s);
  }
  [[nodiscard]] Bytes next_question() {
    if (passed_over.empty()) return sent_by(wan, is_arp_question);
    Bytes question = passed_over.front();
    passed_over.pop_front();
    return question;
  }
  // What is new about a next hop, of which there is one at most.
  [[nodiscard]] std::string news() {
    const auto found = dataplane->watch_next_hops();
    REQUIRE(found);
    REQUIRE(found->size() <= 1);
    if (found->empty()) return "";
    const TrackedNextHop& hop = found->front();
    CHECK(hop.port == "wan");
    CHECK(hop.since == clock.now());
    for (unsigned x = 2; x < 9; ++x)
      if (hop.address == ip(host(x).c_str())) return host(x) + (hop.alive ? " is alive" : " is dead");
    return "another next hop";
  }
  // 10.80.2.4 makes itself known, through which all else goes.
  void default_gateway_is_known() {
    wan.put(arp_request(mac_of_host(4), ipv4(10, 80, 2, 4), ipv4(10, 80, 2, 1)));
    REQUIRE(eventually([&] { return wan.waiting() == 0; }));
    next_turns();
  }
  // By which hosts 24 flows go on.
  [[nodiscard]] Hosts way_taken() {
    Hosts hosts;
    for (unsigned flow = 0; flow < 24; ++flow)
      lan.put(udp_packet(kHostMac, kLanMac, IpAddress::v4(htonl(ipv4(10, 80, 1, 100 + flow))), kFar));
    const auto is_packet = [&](const Bytes& frame) {
      if (is_arp_question(frame)) passed_over.push_back(frame);
      return ethertype_of(frame) == RTE_ETHER_TYPE_IPV4;
    };
    for (unsigned flow = 0; flow < 24; ++flow)
      hosts.insert(destination_of(sent_by(wan, is_packet)).addr_bytes[5] - 20u);
    return hosts;
  }
  // No question is sent while so much time passes.
  void check_nobody_is_asked(Nanos time) {
    forget_what_was_sent();
    pass(time);
    for (Bytes frame; wan.take(frame);) CHECK_FALSE(is_arp_question(frame));
  }

  void forget_what_was_sent() {
    for (Bytes frame; wan.take(frame);) continue;
    passed_over.clear();
  }

  std::map<unsigned, Bytes> last_questions;
  std::deque<Bytes> passed_over;  // questions
};

}  // namespace

TEST_CASE("a next hop that falls silent is taken out of its route, and its answer brings it back") {
  WatchingRouter r;
  r.start();
  r.second({2, 3}, {2, 3});
  CHECK(r.news().empty());
  CHECK(r.way_taken() == Hosts{2, 3});
  for (int silent = 0; silent < 3; ++silent) {
    CHECK(r.news().empty());
    r.second({2, 3}, {3});
  }
  CHECK(r.news() == "10.80.2.2 is dead");
  CHECK(r.news().empty());
  CHECK(r.way_taken() == Hosts{3});
  const auto listed = r.dataplane->tracked_next_hops();
  REQUIRE(listed.size() == 2);
  CHECK_FALSE(listed[0].alive);
  CHECK(listed[0].routes == 1);
  CHECK(listed[0].withdrawn == 0);
  CHECK(listed[1].alive);

  r.second({2, 3}, {2, 3});
  CHECK(r.news() == "10.80.2.2 is alive");
  CHECK(r.way_taken() == Hosts{2, 3});
  CHECK(r.dropped("neighbour_unresolved") + r.dropped("no_route") + r.dropped("arp_unasked") == 0);
}

TEST_CASE(
    "a next hop is asked by itself, by its last attempt among all, and by whatever it says it is alive") {
  WatchingRouter r;
  r.start();
  r.second({2, 3}, {2, 3});
  CHECK(rte_is_broadcast_ether_addr(
            &reinterpret_cast<rte_ether_hdr*>(r.last_questions[2].data())->dst_addr) != 0);
  for (const bool by_itself : {true, true, false}) {
    r.second({2, 3}, {3});
    CHECK(same(destination_of(r.last_questions[2]), mac(mac_of_host(2))) == by_itself);
    CHECK(same(destination_of(r.last_questions[3]), mac(mac_of_host(3))));
  }
  CHECK(r.news() == "10.80.2.2 is dead");
  r.wan.put(arp_request(mac_of_host(2), ipv4(10, 80, 2, 2), ipv4(10, 80, 2, 1)));
  r.settle();
  CHECK(r.news() == "10.80.2.2 is alive");
}

TEST_CASE("a route without a next hop that answers gives way to a less specific one, as do those put later") {
  WatchingRouter r;
  r.config.routes[0] = route("192.0.2.0", 24, {2}, true);
  r.config.next_hop_tracking = {.interval = 200ms, .attempts = 1};
  r.start();
  r.default_gateway_is_known();
  r.second({2}, {2});
  CHECK(r.way_taken() == Hosts{2});
  r.second({2}, {});
  CHECK(r.news() == "10.80.2.2 is dead");
  CHECK(r.way_taken() == Hosts{4});
  CHECK(r.dataplane->tracked_next_hops().at(0).withdrawn == 1);

  const RouteChange more{RouteChange::Kind::put, route("192.0.2.8", 29, {2}, true)};
  REQUIRE(r.dataplane->change_routes({&more, 1}));
  CHECK(r.way_taken() == Hosts{4});
  CHECK(r.dataplane->tracked_next_hops().at(0).routes == 2);
  CHECK(r.dataplane->tracked_next_hops().at(0).withdrawn == 2);
  r.second({2}, {2});
  CHECK(r.news() == "10.80.2.2 is alive");
  CHECK(r.way_taken() == Hosts{2});

  const std::vector<RouteChange> none{{RouteChange::Kind::remove, {.to = {ip("192.0.2.0"), 24}}},
                                      {RouteChange::Kind::remove, {.to = {ip("192.0.2.8"), 29}}}};
  REQUIRE(r.dataplane->change_routes(none));
  CHECK(r.dataplane->tracked_next_hops().empty());
  r.check_nobody_is_asked(10s);
  CHECK(r.way_taken() == Hosts{4});
}

TEST_CASE("a next hop of IPv6 is asked by neighbour solicitation") {
  Router r;
  r.config.routes = {{.to = {IpAddress{}, 0}, .via = {{ip("fe80::2"), "wan"}}, .track = true}};
  r.start();
  const auto second = [&](bool answers) {
    const Bytes question = r.sent_by(r.wan, [](const Bytes& frame) {
      return ethertype_of(frame) == RTE_ETHER_TYPE_IPV6 &&
             frame[RTE_ETHER_HDR_LEN + sizeof(rte_ipv6_hdr)] == 135;
    });
    if (answers) {
      rte_mbuf* mbuf = rte_pktmbuf_alloc(r.buffers.pool());
      write_neighbour_advertisement(*mbuf, mac(kFarMac), ip("fe80::2"), link_local_of(mac(kWanMac)),
                                    mac(kWanMac), kSolicitedFlag);
      r.wan.put(bytes_of(*mbuf));
      rte_pktmbuf_free(mbuf);
    }
    r.settle();
    r.pass(1s);
    const auto news = r.dataplane->watch_next_hops();
    REQUIRE(news);
    return news->size();
  };
  CHECK(second(true) == 0);
  CHECK(second(false) + second(false) == 0);
  CHECK(second(false) == 1);
  CHECK_FALSE(r.dataplane->tracked_next_hops().at(0).alive);
  CHECK(r.dataplane->tracked_next_hops().at(0).withdrawn == 1);
  CHECK(second(true) == 1);
  CHECK(r.dataplane->tracked_next_hops().at(0).alive);
}

TEST_CASE("several workers: one asks, and whichever of them gets the answer has heard it") {
  WatchingRouter r(2);
  r.start();
  for (unsigned passed = 0; passed < 6; ++passed) {
    r.second({2, 3}, {2, 3}, 1);
    CHECK(r.news().empty());
  }
}

TEST_CASE(
    "who cannot hear takes nobody for dead: stopped workers, and workers without the right to transmit") {
  WatchingRouter r;
  r.start();
  for (int passed = 0; passed < 2; ++passed) r.second({2, 3}, {});
  SECTION("stopped") {
    REQUIRE(r.dataplane->barrier().quiesce(5s));
    r.clock.advance(100s);
    CHECK(r.news().empty());
  }
  SECTION("without the right") {
    r.permit.set_until(TransmitPermit::kNever);
    r.check_nobody_is_asked(100s);
    CHECK(r.news().empty());
  }
}

TEST_CASE(
    "a node that does not lead asks nobody, and a node that takes over begins with all next hops alive") {
  WatchingRouter r;
  r.config.routes[0] = route("192.0.2.0", 24, {2}, true);
  r.start();
  r.default_gateway_is_known();
  for (int passed = 0; passed < 3; ++passed) r.second({2}, {});
  CHECK(r.news() == "10.80.2.2 is dead");
  r.forget_what_was_sent();

  REQUIRE(r.dataplane->barrier().quiesce(5s));
  r.dataplane->barrier().set_discard(true);
  CHECK(r.news() == "10.80.2.2 is alive");
  r.clock.advance(100s);
  CHECK(r.news().empty());
  CHECK(r.wan.sent() == 0);

  r.dataplane->on_activate();
  r.dataplane->barrier().set_discard(false);
  r.dataplane->barrier().resume();
  for (int passed = 0; passed < 3; ++passed) {
    CHECK(r.news().empty());
    r.second({2}, {});
  }
  CHECK(r.news() == "10.80.2.2 is dead");
}

TEST_CASE("a takeover is not judged by questions of before it") {
  WatchingRouter r;
  r.start();
  for (int passed = 0; passed < 3; ++passed) r.second({2, 3}, {});
  REQUIRE(r.dataplane->barrier().quiesce(5s));
  r.forget_what_was_sent();
  r.dataplane->on_activate();
  r.clock.advance(1s);
  r.dataplane->barrier().resume();
  r.second({2, 3}, {});
  CHECK(r.news().empty());
}

TEST_CASE("questions write nothing into the region, nor do answers of a station that was heard of late") {
  WatchingRouter r;
  r.start();
  r.second({2, 3}, {2, 3});
  const region::NeighbourTable neighbours(*r.region, 0);
  const std::uint32_t learned_s = neighbours.find(1, ip("10.80.2.2"))->learned_s;
  r.second({2, 3}, {2, 3});
  REQUIRE(r.dataplane->barrier().quiesce(5s));
  CHECK(neighbours.find(1, ip("10.80.2.2"))->learned_s == learned_s);
  const region::WorkerMarks& marks = r.dataplane->marks(0);
  marks.hard->clear();
  marks.soft->clear();
  r.dataplane->barrier().resume();
  for (int passed = 0; passed < 3; ++passed) r.second({2, 3}, {});
  REQUIRE(r.dataplane->barrier().quiesce(5s));
  CHECK(marks.hard->count() + marks.soft->count() == 0);
}

}  // namespace stillwater::dataplane
