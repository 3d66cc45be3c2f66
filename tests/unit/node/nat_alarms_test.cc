// When a pool's alarm begins and ends.
#include "appliance/nat_alarms.h"

#include <catch2/catch.hpp>

using namespace stillwater;
using appliance::NatAlarms;
using appliance::PoolAlarm;

namespace {

constexpr std::uint32_t kAddress = 0x0a500205, kOther = 0x0a500206;
constexpr std::uint8_t kTcp = 6, kUdp = 17;

dataplane::NatPoolUse use(std::uint32_t given, std::uint64_t refused = 0, std::uint8_t protocol = kUdp,
                          std::uint32_t address = kAddress) {
  return {.address = address,
          .protocol = protocol,
          .taken = given / 2,
          .ports = 1000,
          .given = given,
          .refused = refused};
}

struct Watched {
  NatAlarms alarms;
  Instant now{100s};

  // What is new, of the one pool.
  std::optional<PoolAlarm> look(const dataplane::NatPoolUse& one) {
    now += 1s;
    const auto news = alarms.look({&one, 1}, now);
    REQUIRE(news.size() <= 1);
    if (news.empty()) return std::nullopt;
    REQUIRE(news[0].alarm == alarms.of(one));
    return news[0].alarm;
  }
};

}  // namespace

TEST_CASE("a pool's alarm begins above 90 % and ends under 80 %, each told once") {
  Watched w;
  CHECK_FALSE(w.look(use(100)));
  CHECK_FALSE(w.look(use(900)));
  CHECK(w.look(use(901)) == PoolAlarm::short_of_ports);
  CHECK_FALSE(w.look(use(1000)));
  CHECK_FALSE(w.look(use(850)));
  CHECK_FALSE(w.look(use(800)));
  CHECK(w.look(use(799)) == PoolAlarm::none);
  CHECK_FALSE(w.look(use(850)));
  CHECK(w.look(use(950)) == PoolAlarm::short_of_ports);
}

TEST_CASE("a session without a port raises it at once, whatever is taken, until there was none for 10 s") {
  Watched w;
  CHECK_FALSE(w.look(use(100)));
  CHECK(w.look(use(100, 1)) == PoolAlarm::exhausted);
  for (int second = 0; second < 9; ++second) CHECK_FALSE(w.look(use(100, 1)));
  CHECK_FALSE(w.look(use(100, 2)));
  for (int second = 0; second < 9; ++second) CHECK_FALSE(w.look(use(100, 2)));
  SECTION("and it has ports enough") { CHECK(w.look(use(100, 2)) == PoolAlarm::none); }
  SECTION("and it is short of them still") {
    CHECK(w.look(use(850, 2)) == PoolAlarm::short_of_ports);
    CHECK(w.look(use(100, 2)) == PoolAlarm::none);
  }
}

TEST_CASE("pools are judged each by itself; one that is not named any more has no port taken") {
  Watched w;
  const std::vector uses{use(950), use(950, 0, kTcp), use(10, 0, kUdp, kOther)};
  CHECK(w.alarms.look(uses, w.now).size() == 2);
  CHECK(w.alarms.of(uses[2]) == PoolAlarm::none);
  const auto news = w.alarms.look(std::vector{uses[0]}, w.now);
  REQUIRE(news.size() == 1);
  CHECK(news[0].use.protocol == kTcp);
  CHECK(news[0].alarm == PoolAlarm::none);
  CHECK(w.alarms.of(uses[0]) == PoolAlarm::short_of_ports);
}
