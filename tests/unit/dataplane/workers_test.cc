// Two workers: whichever queue a packet comes in by, its session's worker gets it.
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "ckpt_engine/region/port_bitmap.h"
#include "ckpt_engine/region/session_table.h"
#include "dataplane/datapath/steering/steering.h"
#include "tests/unit/dataplane/firewall.h"
#include "tests/unit/random.h"

using namespace stillwater;
using namespace stillwater::dataplane;

namespace {

constexpr unsigned kWorkers = 2;

struct Pair : Firewall {
  Pair() : Firewall(kWorkers) {
    config.output_commit = OutputCommit::none;
    start_and_resume();
  }

  // Both ends make themselves known. All workers have learned it once they stood still.
  void greet_all() {
    greet();
    settle();
    dataplane->barrier().resume();
  }
  [[nodiscard]] std::uint32_t sessions_of(unsigned worker) const {
    return region::SessionTable(*region, worker).in_use();
  }
  [[nodiscard]] Bytes next_udp(RingPort& port) {
    Bytes frame;
    REQUIRE(eventually([&] { return port.take(frame) && is_udp(frame); }));
    return frame;
  }

  Random random{static_cast<std::uint32_t>(Catch::rngSeed())};
};

UdpFlow question(std::uint16_t port) { return {kHost, kServer, port, 53}; }

}  // namespace

TEST_CASE(
    "several workers: both directions of every session pass, after NAT too, by whatever queue they come") {
  Pair f;
  f.greet_all();
  std::set<std::uint16_t> translated;
  for (std::uint16_t port = 2000; port < 2120; ++port) {
    f.inside.put(udp_frame(kHostMac, kInMac, question(port)), f.random() % kWorkers);
    const UdpFlow out = flow_of(f.next_udp(f.outside));
    REQUIRE(out.source == kOut);
    REQUIRE(translated.insert(out.source_port).second);
    for (unsigned queue = 0; queue < kWorkers; ++queue) {
      f.outside.put(udp_frame(kServerMac, kOutMac, {kServer, kOut, 53, out.source_port}), queue);
      REQUIRE(flow_of(f.next_udp(f.inside)) == UdpFlow{kServer, kHost, 53, port});
    }
  }
  f.settle();
  CHECK(f.sessions_of(0) + f.sessions_of(1) == 120);
  CHECK(f.sessions_of(0) > 20);
  CHECK(f.sessions_of(1) > 20);
}

TEST_CASE(
    "several workers: NAT ports are chosen so that a device with RSS delivers answers to their worker") {
  Pair f;
  f.greet_all();
  const Steering steering(f.config);
  for (std::uint16_t port = 3000; port < 3100; ++port) {
    f.inside.put(udp_frame(kHostMac, kInMac, question(port)), f.random() % kWorkers);
    const UdpFlow out = flow_of(f.next_udp(f.outside));
    const region::FlowKey answer{htonl(kServer),         htonl(kOut), htons(53),
                                 htons(out.source_port), IPPROTO_UDP, {}};
    REQUIRE(steering.delivered_to(answer) == region::PortBitmap::Share::owner(out.source_port, kWorkers));
  }
}

TEST_CASE("several workers: packets of one flow leave in the order in which they came") {
  Pair f;
  f.greet_all();
  for (unsigned queue = 0; queue < kWorkers; ++queue) {
    for (std::uint8_t number = 0; number < 200; ++number) {
      Bytes frame = udp_frame(kHostMac, kInMac, question(5000));
      frame.back() = number;
      f.inside.put(frame, queue);
    }
    for (unsigned number = 0; number < 200; ++number) REQUIRE(f.next_udp(f.outside).back() == number);
  }
}

TEST_CASE("several workers: an ICMP error reaches the session that it is about, by whatever queue it comes") {
  Pair f;
  f.greet_all();
  for (std::uint16_t port = 2000; port < 2040; ++port) {
    f.inside.put(udp_frame(kHostMac, kInMac, question(port)), f.random() % kWorkers);
    const UdpFlow out = flow_of(f.next_udp(f.outside));
    for (unsigned queue = 0; queue < kWorkers; ++queue) {
      f.outside.put(icmp_error(kServerMac, kOutMac, {kServer, kOut, 0, 0}, out), queue);
      Bytes error;
      REQUIRE(eventually([&] { return f.inside.take(error) && is_icmp(error); }));
      REQUIRE(quoted_by(error) == question(port));
    }
  }
}

TEST_CASE("several workers: fragments by any queue end at their owner by name, and nobody holds one") {
  Pair f;
  f.greet_all();
  constexpr unsigned kFragments = 60;
  for (std::uint16_t i = 0; i < kFragments; ++i)
    f.inside.put(first_fragment(udp_frame(kHostMac, kInMac, question(static_cast<std::uint16_t>(2000 + i)))),
                 i % kWorkers);
  f.settle();
  CHECK(f.dataplane->barrier().held() == 0);
  CHECK(f.buffers.in_use() == 0);
  f.clock.advance(1s);  // counters reach the region now and then
  f.dataplane->barrier().resume();
  CHECK(eventually([&] { return f.dataplane->drops()["fragment"] == kFragments; }));
  CHECK(f.outside.sent() == 0);
}

TEST_CASE("several workers: a neighbour that one worker heard of is known to all") {
  Pair f;
  f.inside.put(arp_request(kHostMac, kHost, kIn), 0);
  f.outside.put(arp_request(kServerMac, kServer, kOut), 1);
  Bytes frame;
  REQUIRE(eventually([&] { return f.inside.take(frame); }));
  REQUIRE(eventually([&] { return f.outside.take(frame); }));
  f.settle();
  f.dataplane->barrier().resume();
  for (std::uint16_t port = 2000; port < 2050; ++port) {
    f.inside.put(udp_frame(kHostMac, kInMac, question(port)), port % kWorkers);
    // An ARP request in its place would say that a worker did not know the server.
    REQUIRE(eventually([&] { return f.outside.take(frame); }));
    REQUIRE(is_udp(frame));
  }
}

TEST_CASE(
    "several workers: a quiesce finds no packet inside, rings included, and every buffer is accounted for") {
  Pair f;
  f.greet_all();
  std::uint64_t sent = 0;
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 24; ++i) {
      f.inside.put(udp_frame(kHostMac, kInMac, question(static_cast<std::uint16_t>(2000 + f.random() % 64))),
                   f.random() % kWorkers);
      ++sent;
    }
    REQUIRE(f.dataplane->barrier().quiesce(5s));
    // What was received has left: the rest still waits in the port.
    const std::uint64_t out = f.outside.sent();
    const std::uint64_t waiting = f.inside.waiting();
    REQUIRE(out + waiting == sent);
    for (int spin = 0; spin < 200; ++spin) __builtin_ia32_pause();
    REQUIRE(f.outside.sent() == out);
    REQUIRE(f.inside.waiting() == waiting);
    f.dataplane->barrier().resume();
    while (sent > 300) {
      (void)f.next_udp(f.outside);
      --sent;
    }
  }
}

TEST_CASE("several workers: one without a share of the NAT range drops by name and takes nobody's port") {
  Firewall f(kWorkers);
  f.config.output_commit = OutputCommit::none;
  f.config.source_nat[0].ports = {2048, 2048 + 63};  // one block: worker 0's
  f.start_and_resume();
  f.greet();
  for (std::uint16_t port = 4000; port < 4040; ++port) f.query(port);
  f.settle();
  f.clock.advance(1s);  // counters reach the region now and then
  f.dataplane->barrier().resume();
  REQUIRE(eventually([&] { return f.dataplane->drops().count("nat_ports_exhausted") == 1; }));
  CHECK(region::SessionTable(*f.region, 0).in_use() > 0);
  CHECK(region::SessionTable(*f.region, 1).in_use() == 0);
}
