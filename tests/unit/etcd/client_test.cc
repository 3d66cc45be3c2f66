// The client against a real etcd that is well.
#include <csignal>
#include <map>
#include <thread>

#include <catch2/catch.hpp>

#include "mgmt/arbiter/etcd_value.h"
#include "tests/unit/etcd/etcd_server.h"
#include "tests/unit/etcd/stored.h"
#include "tests/unit/mgmt/test_authority.h"

namespace stillwater::mgmt::etcd::test {
namespace {

using Catch::Contains;

// Swaps on, from whatever the record is, until term `last`; returns the terms that it won.
std::vector<std::uint64_t> terms_won(Arbiter& arbiter, const std::string& name, std::uint64_t last) {
  std::vector<std::uint64_t> won;
  ArbiterRecord newest = read(arbiter).newest;
  while (newest.term < last) {
    const auto answer = swap(arbiter, newest, record(newest.term + 1, name));
    if (answer.kind == Kind::unanswered) return {};
    if (answer.kind == Kind::swapped) won.push_back(answer.newest.term);
    newest = answer.newest;
  }
  return won;
}

}  // namespace

TEST_CASE("etcd: a node reads, swaps, and is told of the newest record when another was first") {
  const EtcdServer etcd;
  const auto client = etcd.client();
  CHECK(read_at_last(*client) == ArbiterRecord{});
  const auto first = swap(*client, {}, record(1, "a", {"b"}));
  CHECK(first.why == "");
  CHECK(first.kind == Kind::swapped);
  CHECK(first.newest == record(1, "a", {"b"}));
  const auto second = swap(*client, record(1, "a", {"b"}), record(2, "b"));
  CHECK(second.kind == Kind::swapped);
  for (const ArbiterRecord& expected : {record(1, "a", {"b"}), record(1)}) {
    const auto late = swap(*client, expected, record(2, "a"));
    CHECK(late.kind == Kind::refused);
    CHECK(late.newest == record(2, "b"));
  }
  const auto late = swap(*client, {}, record(1));
  CHECK(late.kind == Kind::refused);
  CHECK(late.newest == record(2, "b"));
  CHECK(read(*client).newest == record(2, "b"));
  CHECK(puts(etcd.address()) == 2);
}

TEST_CASE("etcd: of two nodes that ask all the time exactly one gets each term") {
  constexpr std::uint64_t kLast = 200;
  const EtcdServer etcd;
  const auto a = etcd.client();
  const auto b = etcd.client();
  REQUIRE(read_at_last(*a) == ArbiterRecord{});
  std::vector<std::uint64_t> of_b;
  std::thread other([&] { of_b = terms_won(*b, "b", kLast); });
  const auto of_a = terms_won(*a, "a", kLast);
  other.join();
  std::map<std::uint64_t, int> winners;
  for (const std::uint64_t term : of_a) ++winners[term];
  for (const std::uint64_t term : of_b) ++winners[term];
  CHECK(winners.size() == kLast);
  for (const auto& [term, count] : winners) CHECK(count == 1);
  CHECK(read(*a).newest.term == kLast);
  CHECK(puts(etcd.address()) == kLast);
}

TEST_CASE("etcd: a value that is no record is told, and neither read nor replaced") {
  const EtcdServer etcd;
  const auto client = etcd.client();
  REQUIRE(read_at_last(*client) == ArbiterRecord{});
  auto unsorted = arbiter::to_value(record(1, "a"));
  unsorted += arbiter::to_value(record(1, "a")).substr(0, 2);  // the term once more: the same record
  for (const std::string& bytes : {std::string("rubbish"), std::string(), unsorted}) {
    put(etcd.address(), bytes);
    for (const auto& answer : {read(*client), swap(*client, {}, record(1))}) {
      CHECK(answer.kind == Kind::unanswered);
      CHECK_THAT(answer.why, Contains("the value of /stillwater/pairs/edge in etcd is no record: "));
    }
  }
  CHECK(puts(etcd.address()) == 3);
}

TEST_CASE("etcd: a swap that skips a term is not asked, and an older record is not believed") {
  const EtcdServer etcd;
  const auto client = etcd.client();
  REQUIRE(read_at_last(*client) == ArbiterRecord{});
  CHECK_THAT(swap(*client, {}, record(2)).why, Contains("raises the term by one"));
  REQUIRE(swap(*client, {}, record(1)).kind == Kind::swapped);
  REQUIRE(swap(*client, record(1), record(2)).kind == Kind::swapped);
  put(etcd.address(), arbiter::to_value(record(1)));
  const auto older = read(*client);
  CHECK(older.kind == Kind::unanswered);
  CHECK_THAT(older.why, Contains("term 2 was seen before"));
}

TEST_CASE("etcd: over TLS, with certificates on both ends") {
  const mgmt::test::TestAuthority authority;
  const EtcdServer etcd(authority.node("etcd"));
  const auto client_with = [&](const TlsFiles& files, Nanos deadline) {
    return value(EtcdClient::create(
        {.endpoints = {etcd.address()}, .pair = "edge", .deadline = deadline, .files = files}));
  };
  const auto client = client_with(authority.node("node"), kPatience);
  CHECK(read_at_last(*client) == ArbiterRecord{});
  CHECK(swap(*client, {}, record(1)).kind == Kind::swapped);
  const mgmt::test::TestAuthority other;
  auto foreign = other.node("node");
  CHECK(read(*client_with(foreign, 1s)).kind == Kind::unanswered);
  foreign.ca = authority.ca();
  CHECK(read(*client_with(foreign, 1s)).kind == Kind::unanswered);
  CHECK(read(*etcd.client(1s)).kind == Kind::unanswered);
}

TEST_CASE("etcd: a client is not made for what cannot be: no endpoint, address, pair, TLS files missing") {
  const auto made = [](EtcdClientOptions options) { return error(EtcdClient::create(options)); };
  CHECK(made({.endpoints = {}, .pair = "edge"}).code == Errc::invalid_argument);
  CHECK(made({.endpoints = {"nowhere"}, .pair = "edge"}).code == Errc::invalid_argument);
  CHECK(made({.endpoints = {"127.0.0.1:2379"}, .pair = "a/b"}).code == Errc::invalid_argument);
  CHECK(made({.endpoints = {"127.0.0.1:2379"}, .pair = "edge"}).code == Errc::failed_precondition);
}

}  // namespace stillwater::mgmt::etcd::test
