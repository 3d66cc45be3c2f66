// NAT ports against a model: the first free port from the start on, round within the range.
#include <map>
#include <set>

#include "tests/unit/region/world.h"

namespace stillwater::tests {
namespace {

using namespace stillwater::region;

std::optional<std::uint16_t> model_take(const std::set<unsigned>& taken, unsigned first, unsigned last,
                                        unsigned start) {
  if (start < first || start > last) start = first;
  for (unsigned i = 0; i <= last - first; ++i) {
    const unsigned port = first + (start - first + i) % (last - first + 1);
    if (!taken.contains(port)) return static_cast<std::uint16_t>(port);
  }
  return std::nullopt;
}

struct Ports {
  std::unique_ptr<Region> region = make_region(small_layout());
  Worker worker{*region};
  PortBitmap& bitmap = worker.ports;
  std::set<unsigned> taken;

  void take(unsigned first, unsigned last, unsigned start) {
    CAPTURE(first, last, start, taken.size());
    const auto expected = model_take(taken, first, last, start);
    const auto got = bitmap.take(worker.turn, static_cast<std::uint16_t>(first),
                                 static_cast<std::uint16_t>(last), static_cast<std::uint16_t>(start));
    REQUIRE(got == expected);
    if (got) taken.insert(*got);
  }
  void give(unsigned port) {
    bitmap.give(worker.turn, static_cast<std::uint16_t>(port));
    taken.erase(port);
  }
};

}  // namespace

TEST_CASE("ports at the edges of words and of the range are found from every start") {
  const unsigned edges[] = {0, 1, 62, 63, 64, 65, 127, 128, 65471, 65472, 65534, 65535};
  for (const unsigned first : edges)
    for (const unsigned last : edges)
      if (first <= last && last - first < 200) {
        for (const unsigned start : edges) {
          Ports ports;
          for (unsigned n = 0; n <= last - first + 1; ++n) ports.take(first, last, start);
          REQUIRE(ports.taken.size() == last - first + 1);
          for (const unsigned port : edges) {
            REQUIRE(ports.bitmap.taken(static_cast<std::uint16_t>(port)) == ports.taken.contains(port));
          }
        }
      }
}

TEST_CASE("a bitmap of ports does what a set does, whatever other ranges hold") {
  for_seeds(30, [](Random& random) {
    Ports ports;
    const unsigned base = static_cast<unsigned>(below(random, 65536 - 400));
    for (int step = 0; step < 2000; ++step) {
      if (!ports.taken.empty() && below(random, 10) < 4) {
        ports.give(
            *std::next(ports.taken.begin(), static_cast<std::ptrdiff_t>(below(random, ports.taken.size()))));
        continue;
      }
      const unsigned first = base + static_cast<unsigned>(below(random, 300));
      const unsigned last = first + static_cast<unsigned>(below(random, 100));
      ports.take(first, last, base + static_cast<unsigned>(below(random, 400)));
    }
  });
}

TEST_CASE("looking for a free port takes none, and finds what would be found if another were given") {
  const auto any = [](std::uint16_t) { return true; };
  for_seeds(30, [&](Random& random) {
    Ports ports;
    for (int n = 0; n < 150; ++n) ports.take(1000, 1199, 1000 + static_cast<unsigned>(below(random, 200)));
    for (int step = 0; step < 50; ++step) {
      const auto given = static_cast<std::uint16_t>(
          *std::next(ports.taken.begin(), static_cast<std::ptrdiff_t>(below(random, ports.taken.size()))));
      const auto start = static_cast<std::uint16_t>(1000 + below(random, 200));
      const auto foreseen = ports.bitmap.find_free(ports.worker.turn, 1000, 1199, start, {}, any, given);
      REQUIRE(ports.bitmap.taken(given));
      ports.give(given);
      REQUIRE(ports.bitmap.find_free(ports.worker.turn, 1000, 1199, start, {}, any) == foreseen);
      ports.take(1000, 1199, start);
      REQUIRE(ports.taken.contains(foreseen.value()));
    }
  });
}

TEST_CASE("a range whose start is followed by ports taken outside of it still gives its free ones") {
  Ports ports;
  for (unsigned port = 5; port < 64; ++port) ports.take(port, port, port);
  ports.take(0, 9, 5);
  CHECK(ports.taken.contains(0));
}

TEST_CASE("all ports can be taken, and one given back is found") {
  Ports ports;
  for (unsigned n = 0; n < 65536; ++n) {
    const auto got = ports.bitmap.take(ports.worker.turn, 0, 65535, 40000);
    REQUIRE(got == static_cast<std::uint16_t>(40000 + n));
  }
  CHECK(ports.bitmap.take(ports.worker.turn, 0, 65535, 1) == std::nullopt);
  ports.bitmap.give(ports.worker.turn, 39999);
  CHECK(ports.bitmap.take(ports.worker.turn, 0, 65535, 40000) == 39999);
}

TEST_CASE("a port that was given is taken again only when the epoch that gave it is committed") {
  Ports ports;
  Turn& turn = ports.worker.turn;
  const auto take = [&] { return ports.bitmap.take(turn, 1024, 1025, 1024); };
  turn.begin(5, 1s, 4);
  REQUIRE(take() == 1024);
  REQUIRE(take() == 1025);
  ports.bitmap.give(turn, 1024);
  CHECK_FALSE(ports.bitmap.taken(1024));  // a successor has it free
  CHECK_FALSE(take());
  turn.begin(6, 1s, 4);  // epoch 5 is on its way
  ports.bitmap.give(turn, 1025);
  CHECK_FALSE(take());
  turn.begin(6, 1s, 5);
  CHECK(take() == 1024);
  CHECK_FALSE(take());
  turn.begin(7, 1s, 6);
  CHECK(take() == 1025);
}

TEST_CASE("a port that nobody was told of need not wait, nor one of a node that waits for nobody") {
  Ports ports;
  Turn& turn = ports.worker.turn;
  const auto take = [&] { return ports.bitmap.take(turn, 1024, 1024, 1024); };
  turn.begin(5, 1s, 4);
  REQUIRE(take());
  ports.bitmap.give_unused(turn, 1024);
  CHECK(take());
  turn.begin(6, 1s);
  ports.bitmap.give(turn, 1024);
  CHECK(take());
}

TEST_CASE("reserved ports are taken by nobody, and what is taken is counted") {
  Ports ports;
  ports.bitmap.reserve(1030, 1099);
  std::set<std::uint16_t> taken;
  while (const auto port = ports.bitmap.take(ports.worker.turn, 1024, 1120, 1040)) taken.insert(*port);
  CHECK(taken.size() == 97 - 70);
  CHECK(taken.lower_bound(1030) == taken.lower_bound(1100));
  CHECK(ports.bitmap.count_taken() == 97 - 70);
}

TEST_CASE("over any order of epochs, a port is never taken while its giving is not committed") {
  for_seeds(200, [](Random& random) {
    Ports ports;
    Turn& turn = ports.worker.turn;
    std::uint64_t epoch = 1, committed = 0;
    std::map<std::uint16_t, std::uint64_t> given_in;
    std::set<std::uint16_t> taken;
    for (int step = 0; step < 400; ++step) {
      turn.begin(epoch, 1s, committed);
      if (one_in(random, 2)) {
        if (const auto port = ports.bitmap.take(turn, 1000, 1015, 1000)) {
          REQUIRE(taken.insert(*port).second);
          REQUIRE((!given_in.contains(*port) || given_in[*port] <= committed));
        } else {
          for (std::uint16_t p = 1000; p < 1016; ++p)
            REQUIRE((taken.contains(p) || given_in.at(p) > committed));
        }
      } else if (!taken.empty()) {
        const std::uint16_t port = *taken.begin();
        ports.bitmap.give(turn, port);
        taken.erase(port);
        given_in[port] = epoch;
      }
      if (one_in(random, 5) && epoch == committed + 1) ++epoch;
      if (one_in(random, 5) && epoch == committed + 2) ++committed;
    }
  });
}

TEST_CASE("whole blocks of ports: which is taken, which is free for good, how many have any") {
  Random random(Catch::rngSeed());
  constexpr unsigned kSize = 128, kLast = 1023;
  Ports ports;
  ports.worker.turn.begin(5, Nanos(0), 4);  // nothing that is given in this epoch is committed
  ports.bitmap.reserve(300, 301);
  std::set<unsigned> given;
  for (int step = 0; step < 4000; ++step) {
    const auto port = static_cast<unsigned>(below(random, kLast + 1));
    if (!one_in(random, 3)) {
      if (ports.taken.contains(port)) {
        ports.give(port);
        given.insert(port);
      }
    } else if (!ports.taken.contains(port) && !given.contains(port) && port / 2 != 150) {
      const auto one = static_cast<std::uint16_t>(port);
      REQUIRE(ports.bitmap.take(ports.worker.turn, one, one, one) == one);
      ports.taken.insert(port);
    }
    const auto first = static_cast<unsigned>(below(random, 8)) * kSize, last = first + kSize - 1;
    const auto but = static_cast<std::uint16_t>(first + below(random, kSize));
    std::optional<std::uint16_t> expected;
    bool all_free = true, all_but_one = true;
    for (unsigned each = first; each <= last; ++each) {
      const bool is_taken = ports.taken.contains(each);
      if (is_taken && each != but && !expected) expected = static_cast<std::uint16_t>(each);
      const bool may_be_taken = !is_taken && !given.contains(each) && each / 2 != 150;
      all_free &= may_be_taken;
      all_but_one &= may_be_taken || each == but;
    }
    REQUIRE(ports.bitmap.first_taken(first, last, but) == expected);
    REQUIRE(ports.bitmap.all_free(ports.worker.turn, first, last) == all_free);
    REQUIRE(ports.bitmap.all_free(ports.worker.turn, first, last, but) == all_but_one);
    std::set<unsigned> blocks;
    for (const unsigned one : ports.taken) blocks.insert(one / kSize);
    REQUIRE(ports.bitmap.count_blocks(kSize) == blocks.size());
  }
}

}  // namespace stillwater::tests
