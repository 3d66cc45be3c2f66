// Tracked routes in the table: what they do when their next hops die and come back.
#include <algorithm>

#include <catch2/catch.hpp>

#include "dataplane/names.h"
#include "tests/unit/dataplane/routes.h"
#include "tests/unit/dpdk/eal_once.h"
#include "tests/unit/random.h"

using namespace stillwater;
using namespace stillwater::dataplane;

namespace {

RouteConfig tracked(RouteConfig route) {
  route.track = true;
  return route;
}
NextHopState dead(const Adjacency& next_hop) { return {next_hop, false}; }
NextHopState alive(const Adjacency& next_hop) { return {next_hop, true}; }

Status apply(RouteTable& table, const RouteChange& change) { return table.apply({&change, 1}); }
Status set(RouteTable& table, const NextHopState& state) { return table.set_alive({&state, 1}); }

// All that share the traffic to the destination, sorted.
std::vector<Adjacency> shares(const RouteTable& table, const IpAddress& destination) {
  const AdjacencyGroup& group = fib(table).find(destination);
  std::vector<Adjacency> all(group.members, group.members + (group.members == nullptr ? 0 : group.count));
  if (all.empty()) all.push_back(group.first);
  std::ranges::sort(all);
  return all;
}

// Some nest, some are hidden by an address or subnet of ours.
const char* const kPrefixes[] = {"0.0.0.0/0",
                                 "198.0.0.0/8",
                                 "198.51.0.0/16",
                                 "198.51.100.0/24",
                                 "198.51.100.64/26",
                                 "198.51.100.77/32",
                                 "203.0.113.0/24",
                                 "10.80.1.0/24",
                                 "10.80.1.1/32",
                                 "10.80.1.128/25",
                                 "::/0",
                                 "2001:db8::/32",
                                 "2001:db8:5::/48",
                                 "2001:db8:5:1::/64",
                                 "2001:db8:5:1::7/128",
                                 "2001:db8:2::/64"};
const char* const kDestinations[] = {"198.51.100.77", "198.51.100.78", "198.51.100.1",    "198.51.9.9",
                                     "198.7.7.7",     "203.0.113.5",   "9.9.9.9",         "10.80.1.1",
                                     "10.80.1.200",   "10.80.1.9",     "2001:db8:5:1::7", "2001:db8:5:1::8",
                                     "2001:db8:5::1", "2001:db8:9::1", "2001:db8:2::9",   "3fff::1"};

RouteConfig some_route(Random& random, const IpPrefix& to) {
  if (random() % 8 == 0) return {.to = to, .kind = RouteKind::blackhole};
  RouteConfig route{.to = to};
  route.track = random() % 4 != 0;
  const unsigned first = random() % 5;
  for (unsigned i = 0; i < 1 + first % 3; ++i) {
    const unsigned n = (first + i) % 5;
    const std::string net = std::to_string(1 + n % 2);
    const std::string host = std::to_string(2 + n);
    route.via.push_back(
        {.via = addr(to.is_v4() ? "10.80." + net + "." + host : "2001:db8:" + net + "::" + host)});
  }
  return route;
}

// Changes the model as the table is to be changed.
std::vector<RouteChange> some_batch(Random& random, RouteModel& model) {
  std::vector<RouteChange> batch;
  for (unsigned n = 1 + random() % 4; n > 0; --n) {
    const IpPrefix to = prefix(kPrefixes[random() % std::size(kPrefixes)]);
    const bool known = std::ranges::any_of(model.routes(), [&](const auto& route) { return route.to == to; });
    if (known && random() % 2 == 0) {
      batch.push_back(removed(to));
      model.remove(to);
    } else {
      batch.push_back(put(some_route(random, to)));
      model.put(batch.back().route);
    }
  }
  return batch;
}

TrackedHops tracked_of(RouteModel& model) {
  TrackedHops hops;
  for (const RouteConfig& route : model.routes()) {
    if (!route.track) continue;
    for (const Adjacency& next_hop : RouteModel::next_hops_of(route)) {
      TrackedHop& hop = hops[next_hop];
      ++hop.routes;
      hop.withdrawn += model.way_of(route).empty() ? 1 : 0;
      hop.alive = !model.dead().contains(next_hop);
    }
  }
  return hops;
}

// Some of those that are tracked die, some come back.
std::vector<NextHopState> some_fates(Random& random, RouteModel& model) {
  std::vector<NextHopState> fates;
  for (const auto& [next_hop, hop] : tracked_of(model)) {
    if (random() % 3 != 0) continue;
    fates.push_back({next_hop, !hop.alive});
    if (hop.alive)
      model.dead().insert(next_hop);
    else
      model.dead().erase(next_hop);
  }
  return fates;
}

void forget_untracked(RouteModel& model) {
  const TrackedHops hops = tracked_of(model);
  std::erase_if(model.dead(), [&](const Adjacency& next_hop) { return !hops.contains(next_hop); });
}

void check(const RouteTable& table, RouteModel& model) {
  for (const char* destination : kDestinations) {
    CAPTURE(destination);
    auto expected = model.lookup(addr(destination));
    std::ranges::sort(expected);
    REQUIRE(shares(table, addr(destination)) == expected);
  }
  const TrackedHops expected = tracked_of(model);
  REQUIRE(table.tracked().size() == expected.size());
  for (const auto& [next_hop, hop] : table.tracked()) {
    CAPTURE(to_text(next_hop.next_hop));
    REQUIRE(expected.contains(next_hop));
    REQUIRE(hop.alive == expected.at(next_hop).alive);
    REQUIRE(hop.routes == expected.at(next_hop).routes);
    REQUIRE(hop.withdrawn == expected.at(next_hop).withdrawn);
  }
}

}  // namespace

TEST_CASE(
    "after any changes, deaths and revivals the FIB agrees with a walk over the routes that are alive") {
  need_eal();
  const auto seed = GENERATE(1u, 2u, 3u, 4u);
  CAPTURE(seed);
  Random random(seed);
  RouteModel model;
  bool stuck = false;
  const auto table = made(router(), [&]() -> Status {
    if (stuck) return fail(Errc::timed_out, "worker 1 did not end its turn");
    return {};
  });
  unsigned withdrawn = 0;
  for (unsigned step = 0; step < 150; ++step) {
    CAPTURE(step);
    RouteModel after = model;
    stuck = random() % 8 == 0;
    Status done;
    if (random() % 2 == 0) {
      done = table->apply(some_batch(random, after));
      forget_untracked(after);
    } else {
      done = table->set_alive(some_fates(random, after));
    }
    if (done) model = after;
    REQUIRE((done || stuck));
    check(*table, model);
    withdrawn += std::ranges::any_of(model.routes(), [&](const auto& r) { return model.way_of(r).empty(); });
  }
  CHECK(withdrawn > 40);

  stuck = false;
  std::vector<RouteChange> all;
  for (const RouteConfig& route : model.routes()) all.push_back(removed(route.to));
  REQUIRE(table->apply(all));
  CHECK(table->tracked().empty());
  CHECK(table->routes4() + table->routes6() == 0);
  CHECK(table->groups_in_use() == 7);  // those of our own addresses and subnets
}

TEST_CASE("a route put while its next hop is dead stays withdrawn until that comes back") {
  need_eal();
  const auto table = made(router());
  const IpAddress destination = addr("198.51.100.1");
  REQUIRE(apply(*table, put(route("0.0.0.0/0", {"10.80.1.9"}))));
  REQUIRE(apply(*table, put(tracked(route("203.0.113.0/24", {"10.80.2.2"})))));
  REQUIRE(set(*table, dead(outside("10.80.2.2"))));
  REQUIRE(apply(*table, put(tracked(route("198.51.100.0/24", {"10.80.2.2"})))));
  CHECK(fib(*table).lookup(destination) == inside("10.80.1.9"));
  CHECK(table->tracked().at(outside("10.80.2.2")).withdrawn == 2);
  CHECK(table->longest_match(destination) == prefix("0.0.0.0/0"));

  SECTION("it comes back") {
    REQUIRE(set(*table, alive(outside("10.80.2.2"))));
    CHECK(fib(*table).lookup(destination) == outside("10.80.2.2"));
    CHECK(table->longest_match(destination) == prefix("198.51.100.0/24"));
  }
  SECTION("the operator gives it a next hop that lives") {
    REQUIRE(apply(*table, put(tracked(route("198.51.100.0/24", {"10.80.2.2", "10.80.2.3"})))));
    CHECK(shares(*table, destination) == std::vector{outside("10.80.2.3")});
  }
  SECTION("the operator tracks it no more") {
    REQUIRE(apply(*table, put(route("198.51.100.0/24", {"10.80.2.2"}))));
    CHECK(fib(*table).lookup(destination) == outside("10.80.2.2"));
    CHECK(table->tracked().at(outside("10.80.2.2")).routes == 1);
  }
  SECTION("removed and put back in one batch it is dead still, in two it begins alive") {
    const auto gone = {removed(prefix("198.51.100.0/24")), removed(prefix("203.0.113.0/24"))};
    const RouteChange again = put(tracked(route("198.51.100.0/24", {"10.80.2.2"})));
    std::vector<RouteChange> batch = gone;
    batch.push_back(again);
    REQUIRE(table->apply(batch));
    CHECK(fib(*table).lookup(destination) == inside("10.80.1.9"));
    REQUIRE(apply(*table, removed(prefix("198.51.100.0/24"))));
    CHECK(table->tracked().empty());
    REQUIRE(apply(*table, again));
    CHECK(fib(*table).lookup(destination) == outside("10.80.2.2"));
  }
}

TEST_CASE("a withdrawn route keeps its room, so that it can come back") {
  need_eal();
  Config config = router();
  config.routes4_max = 1;
  config.routes = {tracked(route("198.51.100.0/24", {"10.80.2.2"}))};
  const auto table = made(config);
  REQUIRE(set(*table, dead(outside("10.80.2.2"))));
  CHECK(fib(*table).lookup(addr("198.51.100.1")).kind == Adjacency::Kind::none);
  const Status refused = apply(*table, put(route("203.0.113.0/24", {"10.80.2.3"})));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::resource_exhausted);
  REQUIRE(set(*table, alive(outside("10.80.2.2"))));
  CHECK(fib(*table).lookup(addr("198.51.100.1")) == outside("10.80.2.2"));
}

TEST_CASE("a batch that fails leaves what was known of next hops as it was") {
  need_eal();
  Config config = router();
  config.routes = {tracked(route("198.51.100.0/24", {"10.80.2.2"})), route("0.0.0.0/0", {"10.80.1.9"})};
  const auto table = made(config);
  REQUIRE(set(*table, dead(outside("10.80.2.2"))));
  const Status refused = table->apply(std::vector<RouteChange>{
      removed(prefix("198.51.100.0/24")), put(tracked(route("203.0.113.0/24", {"10.80.2.3"}))),
      removed(prefix("192.0.2.0/24"))});
  REQUIRE_FALSE(refused);
  REQUIRE(table->tracked().size() == 1);
  CHECK_FALSE(table->tracked().at(outside("10.80.2.2")).alive);
  CHECK(fib(*table).lookup(addr("198.51.100.1")) == inside("10.80.1.9"));
  REQUIRE(set(*table, alive(outside("10.80.2.2"))));
  CHECK(fib(*table).lookup(addr("198.51.100.1")) == outside("10.80.2.2"));
}

TEST_CASE("there is a limit of different next hops, and what has no next hop is not tracked") {
  need_eal();
  Config config = router();
  config.ports[0].addresses.push_back({0x0a400001, 10});
  const auto table = made(config);
  const auto through = [](unsigned to, unsigned neighbour) {
    RouteConfig route{.to = {IpAddress::v4(htonl(0x30000000 + (to << 8))), 24},
                      .via = {{.via = IpAddress::v4(htonl(0x0a400002 + neighbour))}}};
    return put(tracked(std::move(route)));
  };
  std::vector<RouteChange> batch;
  for (unsigned i = 0; i < kTrackedNextHopsMax; ++i) batch.push_back(through(i, i));
  REQUIRE(table->apply(batch));
  REQUIRE(apply(*table, through(1000, 7)));  // known already
  REQUIRE(apply(*table, through(3, 5000)));  // in place of another
  const Status refused = apply(*table, through(1001, 5001));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::resource_exhausted);
  CHECK_THAT(refused.error().message, Catch::Matchers::Contains("more than 256 different next hops"));
  CHECK(table->tracked().size() == kTrackedNextHopsMax);

  const Status blackhole = apply(*table, put(tracked(route("203.0.113.0/24", RouteKind::blackhole))));
  REQUIRE_FALSE(blackhole);
  CHECK(blackhole.error().code == Errc::invalid_argument);
  config.function = Function::firewall;
  config.routes = {tracked(route("0.0.0.0/0", {"10.80.2.2"}))};
  const auto firewall = RouteTable::create(config, no_readers);
  REQUIRE_FALSE(firewall);
  CHECK(firewall.error().code == Errc::invalid_argument);
}

TEST_CASE("flows of a next hop that lives on go on by it when another dies, as far as shares allow") {
  need_eal();
  Config config = router();
  config.routes = {tracked(route("198.51.100.0/24", {"10.80.2.2", "10.80.2.3"}))};
  const auto table = made(config);
  REQUIRE(set(*table, dead(outside("10.80.2.2"))));
  for (const std::uint32_t hash : {0u, 0x7fffffffu, 0x80000000u, 0xffffffffu})
    CHECK(fib(*table).lookup(addr("198.51.100.7"), hash) == outside("10.80.2.3"));
  REQUIRE(set(*table, alive(outside("10.80.2.2"))));
  CHECK(fib(*table).lookup(addr("198.51.100.7"), 0) == outside("10.80.2.2"));
  CHECK(fib(*table).lookup(addr("198.51.100.7"), 0xffffffff) == outside("10.80.2.3"));
}
