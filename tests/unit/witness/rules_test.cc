// What an arbiter record may be, on the wire and in its file.
#include "mgmt/arbiter/rules.h"

#include <catch2/catch.hpp>

#include "mgmt/arbiter/wire.h"
#include "mgmt/witness/record_file.h"
#include "tests/unit/witness/records.h"

namespace stillwater::mgmt::witness::test {

using Catch::Contains;

namespace {

ArbiterRecord nobody_in(std::uint64_t term) {
  ArbiterRecord r;
  r.term = term;
  return r;
}

}  // namespace

TEST_CASE("a pair's name can be a file's name, and nothing else") {
  for (const std::string name : {"a", "Edge-7.north_2", "0"}) CHECK(arbiter::check_pair_name(name));
  CHECK(arbiter::check_pair_name(std::string(63, 'x')));
  for (const std::string name : {"", ".", "..", ".hidden", "-x", "a/b", "a b", "\xc3\xa9", "a\n"})
    CHECK_THAT(error(arbiter::check_pair_name(name)).message, Contains("is not a pair's name"));
  CHECK_THAT(error(arbiter::check_pair_name(std::string(64, 'x'))).message, Contains("a name of 64 bytes"));
  CHECK_FALSE(arbiter::check_pair_name(std::string("a\0b", 3)));
}

TEST_CASE("a record has one or two well-named nodes in sync, the active among them") {
  CHECK(arbiter::check_record({}));
  CHECK(arbiter::check_record(record(1)));
  CHECK(arbiter::check_record(record(7, "a", {"b"})));
  const auto wrong = [](auto change) {
    auto r = record(7, "a", {"b"});
    change(r);
    return error(arbiter::check_record(r)).message;
  };
  CHECK_THAT(wrong([](auto& r) { r.term = 0; }), Contains("only the empty record has term 0"));
  CHECK_THAT(wrong([](auto& r) { r.active = "c"; }), Contains("'c', is not in in_sync"));
  CHECK_THAT(wrong([](auto& r) { r.active = ""; }), Contains("is not in in_sync"));
  CHECK_THAT(wrong([](auto& r) { r.in_sync.insert("c"); }), Contains("has 3 nodes"));
  CHECK_THAT(wrong([](auto& r) { r.in_sync.clear(); }), Contains("has 0 nodes"));
  CHECK_THAT(wrong([](auto& r) { r.in_sync.insert("b c"); }), Contains("'b c' in in_sync"));
  CHECK_THAT(wrong([](auto& r) { r.in_sync.insert(std::string(64, 'n')); }), Contains("a name of 64 bytes"));
}

TEST_CASE("a swap raises the term by one, also where terms end") {
  CHECK(arbiter::check_swap({}, record(1)));
  CHECK(arbiter::check_swap(record(7), record(8, "b")));
  CHECK_THAT(error(arbiter::check_swap(record(7), record(7))).message, Contains("raises the term by one"));
  CHECK_FALSE(arbiter::check_swap(record(7), record(9)));
  CHECK_FALSE(arbiter::check_swap(record(7), record(6)));
  const auto last = record(~std::uint64_t{0});
  CHECK_THAT(error(arbiter::check_swap(last, {})).message, Contains("raises the term by one"));
  CHECK_THAT(error(arbiter::check_swap(nobody_in(3), record(4))).message, Contains("expected: in_sync"));
  CHECK_THAT(error(arbiter::check_swap(record(3), nobody_in(4))).message, Contains("next: in_sync"));
}

TEST_CASE("a record is the same after the wire, and what cannot be one is told") {
  for (const auto& r : {ArbiterRecord{}, record(1), record(~std::uint64_t{0}, "b", {"a"})})
    CHECK(value(arbiter::to_record(arbiter::to_message(r))) == r);
  auto twice = arbiter::to_message(record(1));
  twice.add_in_sync("a");
  CHECK_THAT(error(arbiter::to_record(twice)).message, Contains("names a node twice"));
  auto short_id = arbiter::to_message(record(1));
  short_id.set_region_id("123");
  CHECK_THAT(error(arbiter::to_record(short_id)).message, Contains("3 bytes; expected 16"));
}

TEST_CASE("a record is the same after its file, which a person can read") {
  CHECK(encode("edge", record(7, "a", {"b"})) ==
        "stillwater-witness 1\npair edge\nterm 7\nactive a\nin_sync a b\n"
        "region_id a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7\ncheck 73cde1ab12015ac4\n");
  for (const auto& r : {record(1), record(~std::uint64_t{0}, "b", {"a"})})
    CHECK(value(decode("edge", encode("edge", r))) == r);
  const auto longest = record(~std::uint64_t{0}, std::string(63, 'x'), {std::string(63, 'y')});
  CHECK(encode(std::string(63, 'p'), longest).size() <= kRecordFileBytesAtMost);
}

TEST_CASE("a file that was cut off, lengthened or changed in one byte is damaged") {
  const std::string good = encode("edge", record(7, "a", {"b"}));
  for (std::size_t i = 0; i < good.size(); ++i) {
    CHECK(error(decode("edge", good.substr(0, i))).code == Errc::corrupt);
    for (const char flip : {'\x01', '\x20', '\x80'}) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ flip);
      CHECK(error(decode("edge", bad)).code == Errc::corrupt);
    }
  }
  CHECK(error(decode("edge", good + "x")).code == Errc::corrupt);
  CHECK_THAT(error(decode("core", good)).message, Contains("another pair's"));
}

TEST_CASE("a file of a later version says so") {
  std::string later = encode("edge", record(7));
  later.replace(later.find(" 1\n"), 3, " 2\n");
  CHECK_THAT(error(decode("edge", later)).message, Contains("version 2; this witness knows version 1"));
}

TEST_CASE("a file with a right checksum over what no swap can make is damaged") {
  CHECK_THAT(error(decode("edge", encode("edge", {}))).message, Contains("damaged"));
  CHECK_THAT(error(decode("edge", encode("edge", nobody_in(3)))).message, Contains("damaged"));
}

}  // namespace stillwater::mgmt::witness::test
