#include <atomic>
#include <chrono>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/unit/dataplane/routes.h"
#include "tests/unit/dpdk/eal_once.h"
#include "tests/unit/random.h"

using namespace stillwater;
using namespace stillwater::dataplane;

namespace {

IpPrefix prefix4(std::uint32_t address, unsigned length) {
  return {IpAddress::v4(htonl(address)), static_cast<std::uint8_t>(length)};
}
IpPrefix prefix6(std::uint32_t site, std::uint16_t net, unsigned length) {
  IpAddress address = addr("2001:db8::");
  for (unsigned i = 0; i < 4; ++i) address.bytes[4 + i] = static_cast<std::uint8_t>(site >> (24 - 8 * i));
  address.bytes[8] = static_cast<std::uint8_t>(net >> 8);
  address.bytes[9] = static_cast<std::uint8_t>(net);
  return {address, static_cast<std::uint8_t>(length)};
}
RouteConfig to(const IpPrefix& prefix, const std::string& via) {
  return {.to = prefix, .via = {{.via = addr(via)}}};
}

// Next hops in 10.64.0.0/10.
Config with_many_neighbours() {
  Config config = router();
  config.routes4_max = 40'000;
  config.ports[0].addresses.push_back({0x0a400001, 10});
  return config;
}
std::vector<RouteChange> routes_through(std::uint32_t first_neighbour, std::uint32_t first, std::uint32_t n) {
  std::vector<RouteChange> batch;
  for (std::uint32_t i = first; i < first + n; ++i)
    batch.push_back(put({.to = prefix4(0x30000000 + (i << 8), 24),
                         .via = {{.via = IpAddress::v4(htonl(0x0a400002 + first_neighbour + i))}}}));
  return batch;
}

// Looks the same destinations up again and again, a burst a turn, as a worker does.
class Reader {
 public:
  Reader(const PublishedFib& fibs, std::vector<std::uint32_t> destinations4, const Adjacency& expected4,
         std::vector<IpAddress> destinations6, const Adjacency& expected6)
      : thread_([=, this, &fibs] {
          const auto n4 = static_cast<unsigned>(destinations4.size());
          const auto n6 = static_cast<unsigned>(destinations6.size());
          while (!end_) {
            const Fib& fib = *fibs.load();
            Fib::Indices indices;
            fib.lookup_burst(destinations4.data(), n4, indices);
            for (unsigned i = 0; i < n4; ++i) wrong_ += fib.at(indices[i]) != expected4;
            fib.lookup_burst(destinations6.data(), n6, indices);
            for (unsigned i = 0; i < n6; ++i) wrong_ += fib.at(indices[i]) != expected6;
            ++turns_;
          }
        }) {}
  ~Reader() { end(); }
  void end() {
    end_ = true;
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] Status pass_turn() const {
    const std::uint64_t before = turns_;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (turns_ == before) {
      if (std::chrono::steady_clock::now() > deadline)
        return fail(Errc::timed_out, "the reader stands still");
      std::this_thread::yield();
    }
    return {};
  }
  [[nodiscard]] std::uint64_t turns() const { return turns_; }
  [[nodiscard]] std::uint64_t wrong() const { return wrong_; }

 private:
  std::atomic<bool> end_{false};
  std::atomic<std::uint64_t> turns_{0};
  std::atomic<std::uint64_t> wrong_{0};
  std::thread thread_;
};

// Some of what follows: hosts beside the destinations, so that tables below 24 bits come, go and are used
// anew elsewhere, and what covers them all.
std::vector<RouteChange> churn(Random& random, std::vector<IpPrefix>& there) {
  std::vector<RouteChange> batch;
  for (const IpPrefix& old : there) batch.push_back(removed(old));
  there.clear();
  for (std::uint32_t net = 0; net < 64; ++net) {
    if (random() % 2 == 0) continue;
    const auto host = static_cast<std::uint8_t>(random() % 8 + 16);
    there.push_back(prefix4(0x30000000 + (net << 8) + host, 32));
    there.push_back(prefix6(net, host, 80));
  }
  for (const IpPrefix& fresh : there)
    batch.push_back(
        put(to(fresh, (fresh.is_v4() ? "10.80.1." : "2001:db8:1::") + std::to_string(2 + random() % 50))));
  batch.push_back(put(to(prefix("0.0.0.0/1"), "10.80.1." + std::to_string(2 + random() % 50))));
  return batch;
}

}  // namespace

TEST_CASE("whoever looks up while routes change never goes astray") {
  need_eal();
  Config config = router();
  config.routes4_max = config.routes6_max = 1024;
  std::vector<std::uint32_t> destinations4;
  std::vector<IpAddress> destinations6;
  for (std::uint32_t net = 0; net < 64; ++net) {
    config.routes.push_back(to(prefix4(0x30000000 + (net << 8), 24), "10.80.2.2"));
    config.routes.push_back(to(prefix6(net, 0, 64), "2001:db8:2::2"));
    destinations4.push_back(htonl(0x30000000 + (net << 8) + 99));
    destinations6.push_back(prefix6(net, 99, 80).address);
  }
  std::unique_ptr<Reader> reader;
  const auto table = made(config, [&] { return reader->pass_turn(); });
  reader = std::make_unique<Reader>(table->published(), destinations4, outside("10.80.2.2"), destinations6,
                                    outside("2001:db8:2::2"));
  Random random(7);
  std::vector<IpPrefix> there;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (std::chrono::steady_clock::now() < end) {
    const Status applied = table->apply(churn(random, there));
    REQUIRE(applied);
  }
  reader->end();
  CHECK(table->generation() > 10);
  CHECK(reader->turns() > 100);
  CHECK(reader->wrong() == 0);
}

TEST_CASE("a group of next hops is used anew when nobody can have it any more, not before") {
  need_eal();
  const auto table = made(with_many_neighbours());
  const std::size_t at_first = table->groups_in_use();
  REQUIRE(table->apply(routes_through(0, 0, 20'000)));
  CHECK(table->groups_in_use() == at_first + 20'000);

  // The old ones are looked up until the batch is through: there are not enough for both.
  const Status refused = table->apply(routes_through(100'000, 0, 20'000));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::resource_exhausted);
  CHECK(fib(*table).lookup(addr("48.0.0.1")) == inside("10.64.0.2"));

  for (const std::uint32_t first : {100'000u, 200'000u, 300'000u}) {
    REQUIRE(table->apply(routes_through(first, 0, 10'000)));
    REQUIRE(table->apply(routes_through(first, 10'000, 10'000)));
    CHECK(table->groups_in_use() == at_first + 20'000);
    for (std::uint32_t i = 0; i < 20'000; ++i) {
      const Adjacency& found = fib(*table).lookup(htonl(0x30000000 + (i << 8)));
      REQUIRE(found.next_hop == IpAddress::v4(htonl(0x0a400002 + first + i)));
    }
  }
}

TEST_CASE("a full table can exchange all its routes in one batch") {
  need_eal();
  Config config = router();
  config.routes4_max = config.routes6_max = 200;
  const auto table = made(config);
  const auto host4 = [](std::uint32_t block, std::uint32_t i) {
    return prefix4((block << 24) + (i << 12), 32);
  };
  for (const std::uint32_t block : {200u, 100u, 200u}) {
    std::vector<RouteChange> batch;
    for (std::uint32_t i = 0; i < 200 && table->routes4() != 0; ++i) {
      batch.push_back(removed(host4(300 - block, i)));
      batch.push_back(removed(prefix6((300 - block) << 8 | i, 0, 64)));
    }
    for (std::uint32_t i = 0; i < 200; ++i) {
      batch.push_back(put(to(host4(block, i), "10.80.2.2")));
      batch.push_back(put(to(prefix6(block << 8 | i, 0, 64), "2001:db8:2::2")));
    }
    const Status applied = table->apply(batch);
    REQUIRE(applied);
    CHECK(fib(*table).lookup(host4(block, 199).address) == outside("10.80.2.2"));
    CHECK(fib(*table).lookup(prefix6(block << 8 | 199, 0, 64).address) == outside("2001:db8:2::2"));
    CHECK(fib(*table).lookup(host4(300 - block, 199).address).kind == Adjacency::Kind::none);
  }
}

// DPDK's own bookkeeping would end this: see PrefixTable.
TEST_CASE("routes beyond 24 bits can come and go for ever") {
  need_eal();
  const auto table = made(router());
  REQUIRE(table->apply(std::vector<RouteChange>{put(route("48.0.0.0/8", {"10.80.2.2"})),
                                                put(route("2001:db8::/32", {"2001:db8:2::2"}))}));
  Random random(8);
  std::vector<RouteChange> withdrawal;
  for (unsigned round = 0; round < 100; ++round) {
    std::vector<RouteChange> batch = std::move(withdrawal);
    withdrawal.clear();
    for (std::uint32_t i = 0; i < 100; ++i) {  // some have the next hop of what covers them
      const bool same = i % 2 == 0;
      batch.push_back(put(to(prefix4(0x30000000 + (i << 8) + round, 32), same ? "10.80.2.2" : "10.80.2.3")));
      withdrawal.push_back(removed(batch.back().route.to));
      batch.push_back(put(to(prefix6(i << 8, static_cast<std::uint16_t>(round), 80),
                             same ? "2001:db8:2::2" : "2001:db8:2::3")));
      withdrawal.push_back(removed(batch.back().route.to));
    }
    CAPTURE(round);
    const Status applied = table->apply(batch);
    REQUIRE(applied);
    CHECK(fib(*table).lookup(htonl(0x30000100 + round)) == outside("10.80.2.3"));
    CHECK(fib(*table).lookup(htonl(0x30000200 + round)) == outside("10.80.2.2"));
  }
}

TEST_CASE("routes for which there is no table left are refused, and named with what to enlarge") {
  need_eal();
  const auto table = made(router());
  std::uint32_t accepted = 0;
  Status applied;
  for (std::uint32_t i = 0; applied && i < 4096; ++i) {
    const RouteChange change =
        put(to(prefix6(i << 24 | i, static_cast<std::uint16_t>(i), 128), "2001:db8:2::2"));
    applied = table->apply({&change, 1});
    accepted += applied.has_value();
  }
  REQUIRE_FALSE(applied);
  CHECK(applied.error().code == Errc::resource_exhausted);
  CHECK_THAT(applied.error().message, Catch::Matchers::Contains("ipv6_routes"));
  CHECK(table->routes6() == accepted);
  CHECK(accepted > 300);
  for (std::uint32_t i = 0; i < accepted; ++i)
    REQUIRE(fib(*table).lookup(prefix6(i << 24 | i, static_cast<std::uint16_t>(i), 128).address) ==
            outside("2001:db8:2::2"));
}
