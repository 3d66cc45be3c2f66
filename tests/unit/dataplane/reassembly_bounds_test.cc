// What held fragments may cost: room, time, and the account of packets.
#include <catch2/catch.hpp>

#include "quiesce/worker_gate.h"
#include "tests/unit/dataplane/assembler.h"

using namespace stillwater;
using namespace stillwater::dataplane;

namespace {

using Kind = Reassembled::Kind;

// The first eight bytes of a datagram that goes on.
Ipv4Packet begin_of(std::uint16_t identification, std::uint32_t source = ipv4(10, 80, 1, 2)) {
  return {.payload = Bytes(8), .more = true, .identification = identification, .source = source};
}
// And its end.
Ipv4Packet end_of(std::uint16_t identification, std::uint32_t source = ipv4(10, 80, 1, 2)) {
  return {.payload = Bytes(8), .offset = 8, .identification = identification, .source = source};
}

Ipv6Packet begin_of_six(std::uint32_t identification) {
  return {.payload = Bytes(8), .extensions = {fragment_header(0, true, identification)}};
}

}  // namespace

TEST_CASE("a flood from everywhere: the oldest datagrams give way, and are counted") {
  Assembler assembler({.datagrams = 16, .fragments = 100, .fragments_of_datagram = 8});
  for (std::uint16_t n = 0; n < 200; ++n)
    CHECK(assembler.add(begin_of(n, ipv4(10, 0, 0, 0) + n)) == Kind::taken);
  CHECK(assembler.reassembly.held() == 16);
  CHECK(assembler.dropped(DropReason::reassembly_full) == 184);
  CHECK(assembler.add(end_of(199, ipv4(10, 0, 0, 0) + 199)) == Kind::whole);
  CHECK(assembler.add(end_of(184, ipv4(10, 0, 0, 0) + 184)) == Kind::whole);
  CHECK(assembler.add(end_of(183, ipv4(10, 0, 0, 0) + 183)) == Kind::taken);
  CHECK(assembler.reassembly.discard() == 15);
  CHECK(assembler.all_back());
}

TEST_CASE("a flood of one source takes its own share, and no other's place") {
  Assembler assembler({.datagrams = 64, .fragments = 256, .fragments_of_datagram = 16});
  const std::uint32_t honest = ipv4(10, 80, 1, 9);
  CHECK(assembler.add(begin_of(5, honest)) == Kind::taken);
  SECTION("of datagrams") {
    for (std::uint16_t n = 0; n < 1000; ++n) CHECK(assembler.add(begin_of(n)) == Kind::taken);
    CHECK(assembler.reassembly.held() == 1 + 17);
  }
  SECTION("of fragments") {
    for (std::uint16_t n = 0; n < 100; ++n)
      for (std::uint16_t i = 0; i < 16; ++i)
        CHECK(assembler.add(Ipv4Packet{.payload = Bytes(8),
                                       .offset = static_cast<std::uint16_t>(i * 16),
                                       .more = true,
                                       .identification = n}) == Kind::taken);
    CHECK(assembler.reassembly.held() <= 1 + 64 + 16);
  }
  CHECK(assembler.add(end_of(5, honest)) == Kind::whole);
}

TEST_CASE("room for fragments ends before that for datagrams: the oldest give way as well") {
  Assembler assembler({.datagrams = 64, .fragments = 32, .fragments_of_datagram = 16});
  for (std::uint16_t n = 0; n < 40; ++n)
    CHECK(assembler.add(begin_of(n, ipv4(10, 0, 0, 0) + n)) == Kind::taken);
  CHECK(assembler.reassembly.held() == 32);
  CHECK(assembler.add(end_of(39, ipv4(10, 0, 0, 0) + 39)) == Kind::whole);
}

TEST_CASE("the oldest of both families gives way") {
  Assembler assembler({.datagrams = 4, .fragments = 32, .fragments_of_datagram = 16});
  CHECK(assembler.add(begin_of_six(1)) == Kind::taken);
  assembler.now += 1s;
  for (std::uint16_t n = 0; n < 3; ++n) CHECK(assembler.add(begin_of(n, n)) == Kind::taken);
  assembler.now += 1s;
  CHECK(assembler.add(begin_of(7, 7)) == Kind::taken);
  CHECK(assembler.dropped(DropReason::reassembly_full) == 1);
  CHECK(assembler.wait(30s).size() == 4);
  CHECK(assembler.all_back());
}

TEST_CASE("a datagram in too many pieces is given up") {
  Assembler assembler;
  for (std::uint16_t i = 0; i < 64; ++i)
    CHECK(assembler.add(
              Ipv4Packet{.payload = Bytes(8), .offset = static_cast<std::uint16_t>(i * 8), .more = true}) ==
          Kind::taken);
  CHECK(assembler.add(Ipv4Packet{.payload = Bytes(8), .offset = 64 * 8}) == Kind::refused);
  CHECK(assembler.refusal.why == DropReason::reassembly_full);
  CHECK(assembler.dropped(DropReason::reassembly_full) == 65);
  CHECK(assembler.all_back());
}

TEST_CASE("64 fragments make a datagram") {
  Assembler assembler;
  for (std::uint16_t i = 1; i < 64; ++i)
    CHECK(assembler.add(Ipv4Packet{
              .payload = Bytes(8), .offset = static_cast<std::uint16_t>(i * 8), .more = i != 63}) ==
          Kind::taken);
  CHECK(assembler.add(begin_of(77)) == Kind::whole);
  CHECK(assembler.datagram == frame_of(Ipv4Packet{.payload = Bytes(64 * 8)}));
}

TEST_CASE("RFC 792, RFC 8200: when a datagram's time is over its first fragment is handed out") {
  Assembler assembler;
  CHECK(assembler.add(begin_of(1), 3) == Kind::taken);
  CHECK(assembler.add(begin_of_six(1), 4) == Kind::taken);
  CHECK(assembler.add(end_of(2)) == Kind::taken);  // its first never comes
  CHECK(assembler.wait(30s - 1ns).empty());
  const auto told = assembler.wait(1ns);
  REQUIRE(told.size() == 1);
  CHECK(told[0] == std::pair{frame_of(begin_of(1)), PortIndex{3}});
  CHECK(assembler.reassembly.held() == 1);
  CHECK(assembler.wait(30s - 1ns).empty());
  const auto told_six = assembler.wait(1ns);
  REQUIRE(told_six.size() == 1);
  CHECK(told_six[0] == std::pair{frame_of(begin_of_six(1)), PortIndex{4}});
  CHECK(assembler.dropped(DropReason::reassembly_timeout) == 3);
  CHECK(assembler.all_back());
}

TEST_CASE("time runs from the fragment that comes first, and is not prolonged by others") {
  Assembler assembler;
  CHECK(assembler.add(end_of(1)) == Kind::taken);
  CHECK(assembler.wait(29s).empty());
  CHECK(assembler.add(Ipv4Packet{.payload = Bytes(8), .offset = 24, .more = false, .identification = 2}) ==
        Kind::taken);
  CHECK(assembler.add(Ipv4Packet{.payload = Bytes(8), .offset = 8, .more = true, .identification = 2}) ==
        Kind::taken);
  CHECK(assembler.wait(1s).empty());
  CHECK(assembler.reassembly.held() == 2);
  CHECK(assembler.add(begin_of(1)) == Kind::taken);  // a new one
}

TEST_CASE("many that expire at once take several turns, none of which is long") {
  Assembler assembler({.datagrams = 256, .fragments = 1000, .fragments_of_datagram = 64});
  for (std::uint16_t n = 0; n < 100; ++n)
    CHECK(assembler.add(begin_of(n, ipv4(10, 0, 0, 0) + n)) == Kind::taken);
  unsigned told = 0;
  assembler.reassembly.tick(assembler.now + 30s, [&](rte_mbuf* first, PortIndex) {
    ++told;
    assembler.free(first);
  });
  CHECK(told == 16);
  CHECK(assembler.wait(30s).size() == 84);
  CHECK(assembler.all_back());
}

TEST_CASE("a fence empties it, and it goes on") {
  Assembler assembler;
  CHECK(assembler.add(begin_of(1)) == Kind::taken);
  CHECK(assembler.add(begin_of_six(1)) == Kind::taken);
  CHECK(assembler.reassembly.discard() == 2);
  CHECK(assembler.dropped(DropReason::held_discarded) == 2);
  CHECK(assembler.all_back());
  CHECK(assembler.add(end_of(1)) == Kind::taken);
  CHECK(assembler.add(begin_of(1)) == Kind::whole);
}

TEST_CASE("Q4: held fragments do not keep a worker from its packet boundary") {
  Assembler assembler;
  assembler.agent.end();  // at a boundary it goes on at once, since nobody resumes it
  CHECK(assembler.add(begin_of(1)) == Kind::taken);
  CHECK(assembler.agent.at_boundary());
  CHECK(assembler.gate.held.load() == 1);
  CHECK(assembler.gate.in_flight.load() == 1);
  rte_mbuf* in_hand = assembler.frame(frame_of(end_of(2)));
  CHECK_FALSE(assembler.agent.at_boundary());
  assembler.free(in_hand);
  CHECK(assembler.add(end_of(1)) == Kind::whole);
  CHECK(assembler.agent.at_boundary());
  CHECK(assembler.gate.in_flight.load() == 0);
}
