// Neighbours: what is known, what gives way, and what a torn copy leaves.
#include "tests/unit/region/world.h"

namespace stillwater::tests {
namespace {

using namespace stillwater::region;
using Mac = std::array<std::uint8_t, 6>;
constexpr auto v4 = IpAddress::v4;

struct Neighbours {
  Neighbours() { worker.turn.begin(1, 1s); }
  void learn(std::uint32_t address, Nanos at) {
    worker.turn.begin(1, at);
    table.learn(worker.turn, 1, v4(address), Mac{2, 0, 0, 0, 0, static_cast<std::uint8_t>(address)});
  }
  std::unique_ptr<Region> region = make_region(small_layout());
  Worker worker{*region};
  NeighbourTable& table = worker.neighbours;
};

}  // namespace

TEST_CASE("a neighbour is known on its port, and its newest address counts") {
  Neighbours n;
  n.learn(9, 1s);
  n.worker.turn.begin(1, 2s);
  n.table.learn(n.worker.turn, 1, v4(9), Mac{2, 9, 9, 9, 9, 9});
  REQUIRE(n.table.find(1, v4(9)) != nullptr);
  CHECK(n.table.find(1, v4(9))->mac == Mac{2, 9, 9, 9, 9, 9});
  CHECK(n.table.find(1, v4(9))->learned_s == 2);
  CHECK(n.table.find(0, v4(9)) == nullptr);
  CHECK(n.table.find(1, v4(8)) == nullptr);
}

TEST_CASE("the oldest neighbour of a full set gives way") {
  Neighbours n;
  const std::uint32_t many = 2000;
  for (std::uint32_t address = 1; address <= many; ++address) {
    n.learn(address, 1s * address);
    const Neighbour* known = n.table.find(1, v4(address));
    REQUIRE(known != nullptr);
    // Whoever shares its set and is still known is younger than everybody that gave way in it.
    const Neighbour* set = known - (reinterpret_cast<std::uintptr_t>(known) / sizeof(Neighbour)) % 4;
    for (int i = 0; i < 4; ++i) REQUIRE(set[i].learned_s <= address);
  }
  const auto* entries = reinterpret_cast<const Neighbour*>(n.region->root("neighbours.0").data);
  std::uint32_t known = 0, youngest_lost = 0, oldest_known = many;
  for (std::uint32_t address = 1; address <= many; ++address) {
    const bool is_known = n.table.find(1, v4(address)) != nullptr;
    known += is_known ? 1 : 0;
    if (is_known)
      oldest_known = std::min(oldest_known, address);
    else
      youngest_lost = address;
  }
  CHECK(known == n.region->root("neighbours.0").bytes / sizeof(Neighbour));
  CHECK(oldest_known > many / 2);
  CHECK(youngest_lost > 0);
  CHECK(!entries[0].address.is_none());
}

TEST_CASE("addresses of both families are told apart, and what is forgotten is unknown") {
  Neighbours n;
  IpAddress v6 = IpAddress::v4(9);
  v6.bytes[0] = 0x20;
  n.learn(9, 1s);
  n.table.learn(n.worker.turn, 1, v6, Mac{2, 0, 0, 0, 0, 6});
  REQUIRE(n.table.find(1, v6) != nullptr);
  CHECK(n.table.find(1, v6)->mac[5] == 6);
  CHECK(n.table.find(1, v4(9))->mac[5] == 9);
  n.table.forget(n.worker.turn, 1, v4(9));
  CHECK(n.table.find(1, v4(9)) == nullptr);
  CHECK(n.table.find(1, v6) != nullptr);
  CHECK(n.table.scrub(n.worker.turn) == 0);
}

TEST_CASE("a torn copy of a neighbour is dropped after a takeover, whole ones stay") {
  Neighbours n;
  for (std::uint32_t address = 1; address <= 20; ++address) n.learn(address, 1s);
  CHECK(n.table.scrub(n.worker.turn) == 0);
  const Neighbour* torn = n.table.find(1, v4(7));
  const_cast<Neighbour*>(torn)->mac[5] ^= 1;
  CHECK(n.table.scrub(n.worker.turn) == 1);
  CHECK(n.table.find(1, v4(7)) == nullptr);
  for (std::uint32_t address = 1; address <= 20; ++address)
    CHECK((n.table.find(1, v4(address)) != nullptr) == (address != 7));
}

}  // namespace stillwater::tests
