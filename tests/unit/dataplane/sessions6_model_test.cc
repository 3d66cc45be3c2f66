// Sessions of IPv6 against a model: whatever arrives in whatever order, a packet goes on where the model
// says, and the tables of the region have what it has, by both tuples, each at the worker whose it is.
#include <map>

#include "tests/unit/dataplane/firewall6.h"
#include "tests/unit/random.h"

namespace stillwater::dataplane {
namespace {

constexpr unsigned kHosts = 3, kServers = 3, kPorts = 4;

IpAddress station(std::uint8_t net, unsigned number) {
  IpAddress address = net == 1 ? kHost6 : kServer6;
  address.bytes[15] = static_cast<std::uint8_t>(2 + number);
  return address;
}

struct World : Firewall6 {
  explicit World(unsigned workers) : Firewall6(workers) {
    config.rules = {{.id = 5, .action = RuleAction::deny, .destination = {{station(2, 2), 128}}},
                    {.id = 10, .action = RuleAction::allow, .from = {"inside"}, .to = {"outside"}}};
    make_region();
    start_and_resume();
    meet_all();
  }
  // Neighbours that do not answer are forgotten in time.
  void meet_all() {
    for (unsigned i = 0; i < kHosts; ++i) meet(inside, kHostMac, kInMac, station(1, i), ip("2001:db8:1::1"));
    for (unsigned i = 0; i < kServers; ++i)
      meet(outside, kServerMac, kOutMac, station(2, i), ip("2001:db8:2::1"));
  }
  void meet(RingPort& port, std::uint8_t who, std::uint8_t port_mac, const IpAddress& address,
            const IpAddress& own) {
    port.put(neighbour_question6(who, port_mac, address, own));
    Bytes answer;
    REQUIRE(eventually([&] { return port.take(answer) && is_ipv6(answer); }));
  }
  static Flow6 any_flow(Random& random) {
    return {station(1, random() % kHosts), station(2, random() % kServers),
            static_cast<std::uint16_t>(4000 + random() % kPorts), 53};
  }

  // What a packet of this flow, or of its answer, makes of the model. Whether it goes on.
  bool expect(const Flow6& flow, bool is_answer, bool right_port) {
    const auto known = sessions.find(flow);
    if (known != sessions.end()) {
      if (right_port) known->second = now;
      return right_port;
    }
    if (is_answer || !right_port || flow.destination == station(2, 2)) return false;
    sessions[flow] = now;
    return true;
  }
  void send(const Flow6& flow, bool is_answer, bool right_port) {
    const bool by_inside = is_answer != right_port;
    RingPort& in = by_inside ? inside : outside;
    RingPort& out = by_inside ? outside : inside;
    const std::uint8_t from = by_inside ? kHostMac : kServerMac, to = by_inside ? kInMac : kOutMac;
    const Flow6 sent = is_answer ? back(flow) : flow;
    const bool goes_on = expect(flow, is_answer, right_port);
    in.put(udp6_frame(from, to, sent));
    if (goes_on) {
      REQUIRE(sent6(out) == sent);
      return;
    }
    REQUIRE(eventually([&] { return in.waiting() == 0; }));
    turn_over();
    Bytes frame;
    for (RingPort* port : {&inside, &outside})
      while (port->take(frame)) REQUIRE_FALSE(is_udp6(frame));
  }
  // All workers have ended what they had in hand, and what was handed over since.
  void turn_over() {
    for (unsigned worker = 0; worker < dataplane->workers(); ++worker) {
      const std::uint64_t until = dataplane->steps(worker).value_or(0) + 4;
      REQUIRE(eventually([&] { return dataplane->steps(worker).value_or(0) >= until; }));
    }
  }
  void end_some(Random& random) {
    const IpAddress host = station(1, random() % kHosts);
    std::uint64_t expected = 0;
    for (auto at = sessions.begin(); at != sessions.end();) {
      const bool ends = at->first.source == host;
      expected += ends ? 1 : 0;
      at = ends ? sessions.erase(at) : std::next(at);
    }
    const IpPrefix source{host, 128};
    REQUIRE(dataplane->end_sessions({.source = source}).value() == expected);
  }
  // Far more than a session's time, or far less.
  void pass(bool long_enough) {
    const Nanos time = long_enough ? config.timeouts.udp_s * 1s + 20s : Nanos(1s);
    now += time;
    clock.advance(time);
    if (long_enough) {
      sessions.clear();
      REQUIRE(eventually([&] { return clock.advance(100ms), dataplane->sessions6_in_use() == 0; }));
    }
    meet_all();
    turn_over();
  }
  void compare() {
    settle();
    std::size_t found = 0;
    for (const auto& [flow, seen] : sessions) {
      const Bytes frame = udp6_frame(kHostMac, kInMac, flow);
      unsigned holders = 0;
      for (unsigned worker = 0; worker < dataplane->workers(); ++worker) {
        const region::SessionTable6 table(*region, worker);
        region::FlowKey6 key;
        key.source = flow.source.bytes;
        key.destination = flow.destination.bytes;
        key.source_port_be = htons(flow.source_port);
        key.destination_port_be = htons(flow.destination_port);
        key.protocol = IPPROTO_UDP;
        const auto forward = table.find(key), reply = table.find(reversed(key));
        REQUIRE(static_cast<bool>(forward) == static_cast<bool>(reply));
        if (!forward) continue;
        ++holders;
        CHECK(forward.slot == reply.slot);
        CHECK(forward.direction == region::Direction::forward);
        CHECK(reply.direction == region::Direction::reply);
      }
      REQUIRE(holders == 1);
      ++found;
    }
    std::uint64_t in_use = 0;
    for (unsigned worker = 0; worker < dataplane->workers(); ++worker)
      in_use += region::SessionTable6(*region, worker).in_use();
    REQUIRE(in_use == found);
    dataplane->barrier().resume();
  }

  std::map<Flow6, Nanos> sessions;  // by their initiators' packets; when seen
  Nanos now{0};
};

}  // namespace

TEST_CASE("IPv6: sessions are what a model of them has, with one worker and with two") {
  for (const unsigned workers : {1u, 2u}) {
    for (const unsigned seed : {1u, 2u, 3u}) {
      CAPTURE(workers, seed);
      Random random(seed);
      World w(workers);
      for (int step = 0; step < 120; ++step) {
        CAPTURE(step);
        switch (random() % 16) {
          case 0:
            w.end_some(random);
            break;
          case 1:
            w.pass(random() % 4 == 0);
            break;
          case 2:
            w.compare();
            break;
          default:
            w.send(World::any_flow(random), random() % 3 == 0, random() % 8 != 0);
        }
      }
      w.compare();
    }
  }
}

}  // namespace stillwater::dataplane
