// Listings: walks in steps of bounded length, over tables of any size.
#include <map>
#include <set>

#include "dataplane/datapath/requests.h"
#include "tests/unit/dataplane/firewall6.h"
#include "tests/unit/dataplane/nat_network.h"
#include "tests/unit/random.h"

namespace stillwater::dataplane {
namespace {

struct Walked {
  std::uint64_t steps = 0;
  std::uint64_t rows = 0;
  std::uint32_t slots_longest = 0;  // that a step looked at
  std::uint32_t rows_longest = 0;
};

template <class Matches>
Walked walk_all(std::uint32_t touched, std::uint32_t rows_wanted, const Matches& matches) {
  Walked walked;
  WalkStep step;
  std::uint32_t next = 0;  // each slot once, in order
  while (!step.at_end) {
    std::uint32_t slots = 0;
    step.rows_wanted = rows_wanted;
    walk(
        step, touched,
        [&](std::uint32_t slot) {
          if (slot != next++) FAIL("slot " << slot << " is not the next one");
          ++slots;
          return matches(slot);
        },
        [&](std::uint32_t, std::uint32_t row) {
          if (row >= rows_wanted) FAIL("row " << row << " was not wanted");
          ++walked.rows;
        });
    walked.slots_longest = std::max(walked.slots_longest, slots);
    walked.rows_longest = std::max(walked.rows_longest, step.rows_count);
    ++walked.steps;
  }
  REQUIRE(next == touched);
  return walked;
}

IpPrefix only(std::uint32_t address) { return {IpAddress::v4(htonl(address)), 32}; }
RowEndpoint end_of(std::uint32_t address, std::uint16_t port) {
  return {IpAddress::v4(htonl(address)), port};
}

// 200 sessions of IPv4, by 100 bindings, and 40 of IPv6.
struct Listed : NatNetwork {
  explicit Listed(unsigned workers) : NatNetwork(workers) {
    config.source_nat[0].filtering = NatFiltering::endpoint_independent;
    config.source_nat[0].block_size = 64;
    config.sessions_max = 4096;
    config.sessions6_max = 1024;
    config.ports[0].addresses6 = {{ip("2001:db8:1::1"), 64}};
    config.ports[1].addresses6 = {{ip("2001:db8:2::1"), 64}};
    begin();
    for (unsigned h = 0; h < 2; ++h)
      for (std::uint16_t port = 4000; port < 4050; ++port)
        for (unsigned r = 0; r < 2; ++r) REQUIRE(out({host(h), remote(r), port, 53}));
    outside.put(neighbour_question6(kServerMac, kOutMac, kServer6, ip("2001:db8:2::1")));
    for (std::uint16_t port = 4000; port < 4040; ++port)
      inside.put(udp6_frame(kHostMac, kInMac, {kHost6, kServer6, port, 53}));
    dataplane->barrier().resume();
    REQUIRE(eventually([this] { return dataplane->sessions6_in_use() == 40; }));
  }
  // By pages of so many rows.
  std::vector<SessionRow> sessions(const SessionFilter& filter, std::uint64_t page) {
    std::vector<SessionRow> rows;
    for (ListCursor at; !at.at_end;) {
      const std::size_t before = rows.size();
      REQUIRE(
          dataplane->list_sessions(filter, page, at, [&](const SessionRow& row) { rows.push_back(row); }));
      REQUIRE(rows.size() - before <= page);
    }
    return rows;
  }
  std::vector<BindingRow> bindings(const BindingFilter& filter, std::uint64_t page) {
    std::vector<BindingRow> rows;
    for (ListCursor at; !at.at_end;) {
      const std::size_t before = rows.size();
      REQUIRE(
          dataplane->list_bindings(filter, page, at, [&](const BindingRow& row) { rows.push_back(row); }));
      REQUIRE(rows.size() - before <= page);
    }
    return rows;
  }
  std::uint64_t count(const SessionFilter& filter) {
    std::uint64_t sum = 0;
    for (ListCursor at; !at.at_end;) sum += dataplane->count_sessions(filter, at).value();
    return sum;
  }
  std::uint64_t count(const BindingFilter& filter) {
    std::uint64_t sum = 0;
    for (ListCursor at; !at.at_end;) sum += dataplane->count_bindings(filter, at).value();
    return sum;
  }
};

}  // namespace

TEST_CASE("of ten million sessions no step looks at more than 4,096, whatever matches") {
  constexpr std::uint32_t kTouched = 10'000'000;
  const auto none = walk_all(kTouched, WalkStep::kRowsMax, [](std::uint32_t) { return false; });
  CHECK(none.slots_longest == 4096);
  CHECK(none.rows == 0);
  CHECK(none.steps == (kTouched + 4095) / 4096);
  const auto few = walk_all(kTouched, WalkStep::kRowsMax, [](std::uint32_t slot) { return slot % 100 == 0; });
  CHECK(few.slots_longest == 4096);
  CHECK(few.rows_longest <= 128);
  CHECK(few.rows == kTouched / 100);
  const auto all = walk_all(kTouched, WalkStep::kRowsMax, [](std::uint32_t) { return true; });
  CHECK(all.slots_longest == 128);
  CHECK(all.rows == kTouched);
  const auto counted = walk_all(kTouched, WalkStep::kSlotsPerStep, [](std::uint32_t) { return true; });
  CHECK(counted.slots_longest == 4096);
  CHECK(counted.rows == kTouched);
  CHECK(counted.steps == (kTouched + 4095) / 4096);
}

TEST_CASE("a walk goes on where it was, and ends where a table has become smaller than that") {
  WalkStep step;
  step.cursor = 5000;
  step.rows_wanted = 128;
  walk(
      step, 100, [](std::uint32_t) { return true; },
      [](std::uint32_t, std::uint32_t) { FAIL("no such slot"); });
  CHECK(step.at_end);
  CHECK(step.rows_count == 0);
}

TEST_CASE("sessions of both families are listed page by page, each once, and are counted alike") {
  Listed n(GENERATE(1u, 2u));
  const std::uint64_t page = GENERATE(7u, 128u, 100'000u);
  const auto all = n.sessions({}, page);
  REQUIRE(all.size() == 240);
  std::set<std::pair<std::uint16_t, std::string>> seen;
  for (const SessionRow& row : all) {
    const std::string from(row.source.address.bytes.begin(), row.source.address.bytes.end());
    const std::string to(row.destination.address.bytes.begin(), row.destination.address.bytes.end());
    REQUIRE(seen.emplace(row.source.port, from + to).second);
    REQUIRE(row.protocol == IPPROTO_UDP);
    REQUIRE(row.rule_id == 10);
    REQUIRE(row.source.address.is_v4() == (seen.size() <= 200));
    const IpAddress seen_as = row.source.address.is_v4() ? IpAddress::v4(htonl(kPool)) : kHost6;
    REQUIRE(row.translated_source.address == seen_as);
    REQUIRE(row.translated_destination == row.destination);
  }
  CHECK(n.count(SessionFilter{}) == 240);
  const SessionFilter some{.source = only(host(1)), .destination = only(remote(0))};
  CHECK(n.sessions(some, page).size() == 50);
  CHECK(n.count(some) == 50);
  CHECK(n.count(SessionFilter{.protocol = std::uint8_t{IPPROTO_TCP}}) == 0);
  const SessionFilter of_ipv6{.source = IpPrefix{kHost6, 64}},
      of_ipv4{.source = IpPrefix{only(0).address, 0}};
  CHECK(n.sessions(of_ipv6, page).size() == 40);
  CHECK(n.count(of_ipv6) == 40);
  CHECK(n.count(of_ipv4) == 200);
  CHECK(n.dataplane->end_sessions({}).value() == 240);
  CHECK(n.count(SessionFilter{}) == 0);
}

TEST_CASE("bindings are listed with their ends, sessions and blocks, by what is named") {
  Listed n(GENERATE(1u, 2u));
  const auto all = n.bindings({}, 13);
  REQUIRE(all.size() == 100);
  for (const BindingRow& row : all) {
    REQUIRE(row.outside.address == IpAddress::v4(htonl(kPool)));
    REQUIRE(row.sessions == 2);
    REQUIRE(row.protocol == IPPROTO_UDP);
    REQUIRE(row.entry == 0);
    REQUIRE(row.block_ports == 64);
    REQUIRE(row.block_first == row.outside.port / 64 * 64);
  }
  const BindingRow& one = all.front();
  const auto port_be = htons(one.inside.port);
  const IpPrefix inside = only(host(0));
  CHECK(n.count(BindingFilter{}) == 100);
  CHECK(n.count(BindingFilter{.inside = inside}) == 50);
  CHECK(n.count(BindingFilter{.outside = inside}) == 0);
  CHECK(n.count(BindingFilter{.address = inside}) == 50);
  CHECK(n.count(BindingFilter{.address = only(kPool)}) == 100);
  CHECK(n.count(BindingFilter{.address = IpPrefix{kHost6, 0}.network()}) == 0);
  CHECK(n.count(BindingFilter{.protocol = std::uint8_t{IPPROTO_TCP}}) == 0);
  CHECK(n.count(BindingFilter{.entry = std::uint8_t{1}}) == 0);
  const auto by_port = n.bindings({.port_be = port_be}, 13);
  CHECK(std::any_of(by_port.begin(), by_port.end(),
                    [&](const BindingRow& row) { return row.inside == one.inside; }));
  CHECK(n.bindings({.inside = inside, .port_be = htons(4007)}, 13).at(0).inside == end_of(host(0), 4007));
}

TEST_CASE("what the table knows of hosts and peers is no binding") {
  NatNetwork n;
  n.config.source_nat[0].filtering = NatFiltering::address_dependent;  // remembers peers
  n.config.source_nat[0].ports_per_host = 9;                           // counts hosts
  n.begin();
  REQUIRE(n.out({host(0), remote(0), 4000, 53}));
  n.dataplane->barrier().resume();
  ListCursor at;
  CHECK(n.dataplane->count_bindings({}, at).value() == 1);
}

TEST_CASE("other walks get on between the pages of a listing") {
  Listed n(1);
  ListCursor at;
  std::uint64_t listed = 0;
  while (!at.at_end) {
    REQUIRE(n.dataplane->list_sessions({}, 10, at, [&](const SessionRow&) { ++listed; }));
    if (listed == 10) REQUIRE(n.dataplane->end_sessions({.source = only(host(1))}).value() == 100);
  }
  CHECK(listed >= 140);
  CHECK(listed <= 150);
}

}  // namespace stillwater::dataplane
