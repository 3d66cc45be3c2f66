#include <algorithm>

#include <catch2/catch.hpp>

#include "dataplane/names.h"
#include "tests/unit/dataplane/routes.h"
#include "tests/unit/dpdk/eal_once.h"
#include "tests/unit/random.h"

using namespace stillwater;
using namespace stillwater::dataplane;

namespace {

// Few values, so that prefixes nest, meet, and reach both ends of the address space.
IpAddress some_address(Random& random, bool v4) {
  const auto pick = [&](std::initializer_list<unsigned> values) {
    return values.begin()[random() % values.size()];
  };
  if (v4) {
    const unsigned a = pick({0, 10, 10, 10, 127, 128, 223, 255});
    const unsigned b = a == 10 ? pick({80, 90}) : pick({0, 255});
    return IpAddress::v4(
        htonl(a << 24 | b << 16 | pick({0, 1, 2, 255}) << 8 | pick({0, 1, 2, 64, 128, 255})));
  }
  IpAddress address;
  address.bytes[0] = static_cast<std::uint8_t>(pick({0, 0x20, 0x20, 0x20, 0x7f, 0x80, 0xfe, 0xff}));
  const bool ours = address.bytes[0] == 0x20;
  if (ours) address.bytes = {0x20, 0x01, 0x0d, 0xb8};
  for (std::size_t i = ours ? 5 : 1; i < 16; ++i)
    address.bytes[i] = static_cast<std::uint8_t>(i < 9 || i > 13 ? pick({0, 0, 1, 2, 255}) : 0);
  return address;
}

IpPrefix some_prefix(Random& random) {
  const bool v4 = random() % 2 == 0;
  const unsigned length = random() % 3 == 0 ? random() % 10 : random() % (v4 ? 33 : 129);
  return IpPrefix{some_address(random, v4), static_cast<std::uint8_t>(length)}.network();
}

RouteConfig some_route(Random& random, const IpPrefix& to) {
  RouteConfig route{.to = to, .kind = static_cast<RouteKind>(random() % 6 < 4 ? 0 : 1 + random() % 2)};
  if (route.kind != RouteKind::forward) return route;
  const unsigned first = random();
  const unsigned hops = random() % 3 == 0 ? 1 + random() % 4 : 1;
  for (unsigned i = 0; i < hops; ++i) {
    const std::string net = std::to_string(1 + (first + i) % 2);
    const std::string host = std::to_string(2 + (first / 8 + i) % 6);
    route.via.push_back(
        {.via = addr(to.is_v4() ? "10.80." + net + "." + host : "2001:db8:" + net + "::" + host)});
  }
  return route;
}

// Changes the model as the table is to be changed.
std::vector<RouteChange> some_batch(Random& random, RouteModel& model) {
  std::vector<RouteChange> batch;
  for (unsigned n = 1 + random() % 20; n > 0; --n) {
    auto& routes = model.routes();
    const bool known = !routes.empty() && random() % 2 == 0;
    const IpPrefix to = known ? routes[random() % routes.size()].to : some_prefix(random);
    if (known && random() % 3 != 0) {
      batch.push_back(removed(to));
      model.remove(to);
    } else {
      batch.push_back(put(some_route(random, to)));
      model.put(batch.back().route);
    }
  }
  return batch;
}

// The ends of all prefixes, and what lies beside them.
std::vector<IpAddress> edges(RouteModel& model) {
  std::vector<IpAddress> addresses;
  for (const RouteConfig& route : model.routes()) {
    const std::size_t first_byte = route.to.is_v4() ? 12 : 0;
    IpAddress last = route.to.address;
    for (unsigned bit = route.to.length; bit < (16 - first_byte) * 8; ++bit)
      last.bytes[first_byte + bit / 8] |= static_cast<std::uint8_t>(0x80 >> bit % 8);
    IpAddress before = route.to.address;
    for (std::size_t i = 16; i-- > first_byte && before.bytes[i]-- == 0;) continue;
    IpAddress after = last;
    for (std::size_t i = 16; i-- > first_byte && ++after.bytes[i] == 0;) continue;
    addresses.insert(addresses.end(), {route.to.address, last, before, after});
  }
  return addresses;
}

void check_burst(const Fib& fib, const RouteModel& model, std::span<const IpAddress> burst,
                 std::uint32_t hash) {
  Fib::Indices indices;
  std::vector<std::uint32_t> burst4;
  for (const IpAddress& address : burst) burst4.push_back(address.v4_be());
  const auto n = static_cast<unsigned>(burst.size());
  burst[0].is_v4() ? fib.lookup_burst(burst4.data(), n, indices) : fib.lookup_burst(burst.data(), n, indices);
  for (unsigned i = 0; i < n; ++i) {
    CAPTURE(to_text(burst[i]));
    const auto expected = model.lookup(burst[i]);
    const Adjacency& found = fib.at(indices[i], hash);
    REQUIRE(std::find(expected.begin(), expected.end(), found) != expected.end());
    REQUIRE(&fib.lookup(burst[i], hash) == &found);
  }
}

void check(const Fib& fib, RouteModel& model, Random& random) {
  std::vector<IpAddress> addresses = edges(model);
  for (int i = 0; i < 100; ++i) addresses.push_back(some_address(random, i % 2 == 0));
  const auto six =
      std::partition(addresses.begin(), addresses.end(), [](const auto& a) { return a.is_v4(); });
  for (auto family : {std::span(addresses.begin(), six), std::span(six, addresses.end())})
    for (; !family.empty(); family = family.subspan(std::min<std::size_t>(family.size(), Fib::kBurst)))
      check_burst(fib, model, family.first(std::min<std::size_t>(family.size(), Fib::kBurst)), random());
}

}  // namespace

TEST_CASE("after any batches the FIB agrees with a walk over all routes") {
  need_eal();
  const auto seed = GENERATE(1u, 2u, 3u, 4u);
  CAPTURE(seed);
  Random random(seed);
  RouteModel model;
  const auto table = made(router());
  for (std::uint64_t batch = 1; batch <= 60; ++batch) {
    CAPTURE(batch);
    const Status applied = table->apply(some_batch(random, model));
    REQUIRE(applied);
    REQUIRE(table->generation() == batch);
    check(fib(*table), model, random);
  }
  REQUIRE(table->routes4() + table->routes6() == model.routes().size());
  CHECK(model.routes().size() > 50);

  std::vector<RouteChange> all;
  for (const RouteConfig& route : model.routes()) all.push_back(removed(route.to));
  model.routes().clear();
  for (int turn = 0; turn < 2; ++turn) {  // either copy
    REQUIRE(table->apply(turn == 0 ? std::span<const RouteChange>(all) : std::span<const RouteChange>()));
    check(fib(*table), model, random);
  }
  CHECK(table->groups_in_use() == 7);  // none; local and connected twice, broadcast twice
}

TEST_CASE("a batch of which one change fails changes nothing, and says which") {
  need_eal();
  Random random(5);
  RouteModel model;
  Config config = router();
  config.routes4_max = 40;
  const auto table = made(config);
  for (int i = 0; i < 40; ++i) {
    const std::string to = "198.51." + std::to_string(i) + ".0/24";
    model.put(some_route(random, prefix(to)));
  }
  std::vector<RouteChange> all;
  for (const RouteConfig& route : model.routes()) all.push_back(put(route));
  REQUIRE(table->apply(all));
  const std::size_t groups = table->groups_in_use();

  const auto [bad, code, words] = GENERATE(Catch::Generators::table<RouteChange, Errc, std::string>({
      {put(route("203.0.113.0/24", {"192.0.2.9"})), Errc::invalid_argument, "203.0.113.0/24"},
      {removed(prefix("198.51.0.0/16")), Errc::failed_precondition, "198.51.0.0/16"},
      {removed(prefix("10.80.1.0/24")), Errc::failed_precondition, "10.80.1.0/24"},
      {put(route("203.0.113.0/24", RouteKind::reject)), Errc::resource_exhausted, "ipv4_routes"},
  }));
  const Status refused = table->apply(std::vector<RouteChange>{
      put(route("198.51.7.0/24", {"10.80.2.77"})), removed(prefix("198.51.8.0/24")),
      put(route("2001:db8:77::/48", {"2001:db8:2::77"})), put(route("198.51.8.0/24", RouteKind::reject)), bad,
      put(route("198.51.9.0/24", {"10.80.2.78"}))});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == code);
  CHECK_THAT(refused.error().message, Catch::Matchers::Contains(words));
  CHECK(table->groups_in_use() == groups);
  CHECK(table->generation() == 1);
  CHECK(table->routes4() == 40);
  CHECK(table->routes6() == 0);
  for (int turn = 0; turn < 2; ++turn) {
    check(fib(*table), model, random);
    REQUIRE(table->apply({}));
  }
}

TEST_CASE("a batch for which some reader makes no way is withdrawn, and can be applied again") {
  need_eal();
  Random random(6);
  RouteModel model;
  bool stuck = false;
  const auto table = made(router(), [&]() -> Status {
    if (stuck) return fail(Errc::timed_out, "worker 1 did not end its turn");
    return {};
  });
  REQUIRE(table->apply(some_batch(random, model)));
  for (int round = 0; round < 10; ++round) {
    RouteModel after = model;
    const auto batch = some_batch(random, after);
    stuck = true;
    for (int attempt = 0; attempt < 3; ++attempt) {
      const Status refused = table->apply(batch);
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == Errc::timed_out);
      check(fib(*table), model, random);
    }
    stuck = false;
    REQUIRE(table->apply(batch));
    model = after;
    check(fib(*table), model, random);
    REQUIRE(table->apply({}));
    check(fib(*table), model, random);
  }
  CHECK(table->generation() == 21);
}

TEST_CASE("what lies beneath a route comes back when it goes") {
  need_eal();
  const auto table = made(router());
  const auto is = [&](const std::string& destination, const Adjacency& expected) {
    CAPTURE(destination);
    CHECK(fib(*table).lookup(addr(destination)) == expected);
  };
  const Adjacency blackhole{Adjacency::Kind::blackhole, 0, {}};
  REQUIRE(table->apply(std::vector<RouteChange>{
      put(route("0.0.0.0/0", {"10.80.2.2"})), put(route("10.80.1.0/24", RouteKind::blackhole)),
      put(route("10.80.1.0/25", RouteKind::blackhole)), put(route("10.80.1.1/32", RouteKind::blackhole))}));
  is("10.80.1.7", blackhole);
  is("10.80.1.200", {Adjacency::Kind::connected, 0, {}});
  is("10.80.1.1", {Adjacency::Kind::local, 0, {}});
  is("10.81.0.0", outside("10.80.2.2"));
  REQUIRE(table->apply(std::vector<RouteChange>{put(route("10.80.1.0/25", {"10.80.2.9"}))}));
  is("10.80.1.7", outside("10.80.2.9"));
  REQUIRE(table->apply(std::vector<RouteChange>{
      removed(prefix("10.80.1.0/25")), removed(prefix("10.80.1.0/24")), removed(prefix("10.80.1.1/32"))}));
  is("10.80.1.7", {Adjacency::Kind::connected, 0, {}});
  is("10.80.1.1", {Adjacency::Kind::local, 0, {}});
  REQUIRE(table->apply(std::vector<RouteChange>{removed(prefix("0.0.0.0/0"))}));
  is("10.81.0.0", {});
}
