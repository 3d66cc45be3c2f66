#include "dataplane/datapath/output/hold_buffer.h"

#include <deque>
#include <map>

#include <catch2/catch.hpp>

#include "tests/unit/random.h"

using namespace stillwater;
using namespace stillwater::dataplane;

namespace {

rte_mbuf* packet_number(std::uintptr_t n) { return reinterpret_cast<rte_mbuf*>(n * 64); }

HeldPacket held(std::uintptr_t n, std::uint64_t epoch) { return {packet_number(n), epoch, 0, 0}; }

}  // namespace

TEST_CASE(
    "invariant 1: nothing leaves before its commit, nothing stays after it, order holds, nothing leaks") {
  const auto seed = GENERATE(1u, 2u, 3u, 4u, 5u);
  CAPTURE(seed);
  Random random(seed);
  constexpr std::uint32_t kCapacity = 50;
  HoldBuffer buffer(kCapacity);
  std::map<std::uint64_t, std::deque<rte_mbuf*>> model;  // by epoch, in order of arrival
  std::uint32_t in_model = 0;
  std::uint64_t current = 1, committed = 0;
  std::uintptr_t next = 1;
  for (int step = 0; step < 20'000; ++step) {
    const unsigned act = random() % 10;
    if (act < 6) {  // a packet that depends on an epoch that is not committed
      const std::uint64_t epoch = committed + 1 + random() % (current - committed);
      const bool taken = buffer.push(held(next, epoch));
      REQUIRE(taken == (in_model < kCapacity));
      if (taken) {
        model[epoch].push_back(packet_number(next));
        ++in_model;
      }
      ++next;
    } else if (act < 8 && current == committed + 1) {
      ++current;  // an epoch ends; one at a time is on its way
    } else if (act == 8 && current == committed + 2) {
      ++committed;
    } else {  // release, perhaps with a port that takes no more after a few
      unsigned room = random() % 3 == 0 ? random() % 5 : kCapacity;
      std::uint64_t last_epoch = 0;
      const bool all = buffer.release(committed, [&](const HeldPacket& packet) {
        REQUIRE(packet.depends_epoch <= committed);
        if (room == 0) return false;
        --room;
        REQUIRE(packet.depends_epoch >= last_epoch);
        last_epoch = packet.depends_epoch;
        REQUIRE(model[packet.depends_epoch].front() == packet.mbuf);
        model[packet.depends_epoch].pop_front();
        --in_model;
        return true;
      });
      if (all)
        for (const auto& [epoch, packets] : model) REQUIRE((epoch > committed || packets.empty()));
    }
    REQUIRE(buffer.size() == in_model);
  }
}

TEST_CASE("a packet of a committed epoch waits for none of a later one") {
  HoldBuffer buffer(8);
  REQUIRE(buffer.push(held(1, 7)));
  REQUIRE(buffer.push(held(2, 6)));
  std::vector<rte_mbuf*> left;
  const auto leave = [&](const HeldPacket& packet) {
    left.push_back(packet.mbuf);
    return true;
  };
  CHECK(buffer.release(6, leave));
  CHECK(left == std::vector<rte_mbuf*>{packet_number(2)});
  CHECK(buffer.release(7, leave));
  CHECK(left == std::vector<rte_mbuf*>{packet_number(2), packet_number(1)});
}

TEST_CASE("draining hands out every packet whatever its epoch") {
  HoldBuffer buffer(8);
  for (std::uintptr_t n = 1; n <= 8; ++n) REQUIRE(buffer.push(held(n, n)));
  CHECK_FALSE(buffer.push(held(9, 1)));
  unsigned freed = 0;
  buffer.drain([&](const HeldPacket&) { ++freed; });
  CHECK(freed == 8);
  CHECK(buffer.empty());
  CHECK(buffer.push(held(9, 1)));
}
