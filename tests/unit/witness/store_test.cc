// The records of a witness: what a swap may do, and what survives a disk that fails.
#include "mgmt/witness/store.h"

#include <thread>

#include <catch2/catch.hpp>

#include "mgmt/witness/record_file.h"
#include "tests/unit/witness/records.h"
#include "tests/unit/witness/simulated_disk.h"

namespace stillwater::mgmt::witness::test {
namespace {

const std::string kPair = "edge";
const ArbiterRecord kNobody{};

std::unique_ptr<Store> open(SimulatedDisk& disk) { return value(Store::open(disk.mount())); }

bool swapped(Store& store, const ArbiterRecord& expected, const ArbiterRecord& next) {
  return value(store.compare_and_swap(kPair, expected, next)).swapped;
}

// The name of each step of a swap that goes well, in a store that holds record(1).
std::vector<std::string> steps_of_a_swap() {
  SimulatedDisk disk(1);
  auto store = open(disk);
  REQUIRE(swapped(*store, kNobody, record(1)));
  static_cast<void>(disk.steps());
  REQUIRE(swapped(*store, record(1), record(2)));
  return disk.steps();
}

}  // namespace

TEST_CASE("a pair that never ran has the empty record, and only from there begins") {
  SimulatedDisk disk(1);
  auto store = open(disk);
  CHECK(value(store->read(kPair)) == kNobody);
  const auto outcome = value(store->compare_and_swap(kPair, record(1), record(2)));
  CHECK_FALSE(outcome.swapped);
  CHECK(outcome.newest == kNobody);
  CHECK(swapped(*store, kNobody, record(1)));
  CHECK(value(store->read(kPair)) == record(1));
  CHECK(value(store->read("other")) == kNobody);
}

TEST_CASE("a swap needs the record to the last field, and else is told the newest") {
  SimulatedDisk disk(1);
  auto store = open(disk);
  const auto held = record(1, "a", {"b"});
  REQUIRE(swapped(*store, kNobody, held));
  auto other_region = held;
  other_region.region_id[15] ^= 1;
  for (const auto& expected : {kNobody, record(1, "b", {"a"}), record(1, "a"), other_region}) {
    const auto next = record(expected.term + 1, "b");
    const auto outcome = value(store->compare_and_swap(kPair, expected, next));
    CHECK_FALSE(outcome.swapped);
    CHECK(outcome.newest == held);
  }
  CHECK(swapped(*store, held, record(2, "b")));
}

TEST_CASE("a swap that breaks a rule is refused and changes nothing") {
  SimulatedDisk disk(1);
  auto store = open(disk);
  REQUIRE(swapped(*store, kNobody, record(1)));
  CHECK(error(store->compare_and_swap(kPair, record(1), record(3))).code == Errc::invalid_argument);
  CHECK(error(store->compare_and_swap("../edge", kNobody, record(1))).code == Errc::invalid_argument);
  CHECK(error(store->read("")).code == Errc::invalid_argument);
  CHECK(value(store->read(kPair)) == record(1));
}

TEST_CASE("a swap's steps: write beside, to disk, in place, to disk; the answer comes last") {
  CHECK(steps_of_a_swap() ==
        std::vector<std::string>{"read", "create", "write", "sync file", "rename", "sync folder"});
}

TEST_CASE("each step of a swap fails once: it is an error, and what is read then stays") {
  const auto steps = steps_of_a_swap();
  for (int failing = 0; failing < static_cast<int>(steps.size()); ++failing) {
    for (std::uint32_t seed = 0; seed < 20; ++seed) {
      const std::string& step = steps[static_cast<std::size_t>(failing)];
      INFO(step << ", seed " << seed);
      SimulatedDisk disk(seed);
      auto store = open(disk);
      REQUIRE(swapped(*store, kNobody, record(1)));
      disk.fail_after(failing);
      const auto refused = error(store->compare_and_swap(kPair, record(1), record(2)));
      CHECK(refused.code == Errc::unavailable);
      const bool in_doubt = step == "rename" || step == "sync folder";
      CHECK_THAT(refused.message, Catch::Contains(in_doubt         ? "either record is possible"
                                                  : step == "read" ? "cannot be read"
                                                                   : "the old record stays"));
      const auto after = value(store->read(kPair));
      if (!in_doubt) CHECK(after == record(1));
      if (step == "sync folder") CHECK(after == record(2));  // what a restart would have read
      disk.lose_power();
      store = open(disk);
      CHECK(value(store->read(kPair)) == after);
      CHECK(swapped(*store, after, record(after.term + 1, "b")));
    }
  }
}

TEST_CASE("while a swap is in doubt and the disk still fails, nothing is answered; other pairs are served") {
  SimulatedDisk disk(1);
  auto store = open(disk);
  REQUIRE(swapped(*store, kNobody, record(1)));
  disk.fail_after(5);
  REQUIRE_FALSE(store->compare_and_swap(kPair, record(1), record(2)).has_value());
  static_cast<void>(disk.steps());
  for (int failing = 0; failing < 6; ++failing) {
    disk.fail_after(failing);
    const auto refused = error(store->read(kPair));
    INFO(disk.steps().back());
    CHECK(refused.code == Errc::unavailable);
  }
  CHECK(value(store->read("other")) == kNobody);
  CHECK(value(store->read(kPair)) == record(2));
}

TEST_CASE("a store that cannot make sure of what it read does not open") {
  for (const auto& [failing, what] : {std::pair{0, "sync"}, {1, "list"}, {2, "list"}, {3, "remove"}}) {
    SimulatedDisk disk(1);
    disk.overwrite("edge.new", "half");
    disk.fail_after(failing);
    CHECK_THAT(error(Store::open(disk.mount())).message, Catch::Contains(what));
    CHECK(value(open(disk)->read(kPair)) == kNobody);
  }
}

TEST_CASE("a damaged record is never the empty one: its pair is refused, the others are served") {
  SimulatedDisk disk(1);
  REQUIRE(swapped(*open(disk), kNobody, record(1)));
  const std::string bytes = encode(kPair, record(1));
  const std::string damaged = GENERATE_COPY(std::string(), bytes.substr(0, bytes.size() - 1), bytes + "\n",
                                            encode("other", record(1)), std::string(100'000, 'x'));
  disk.overwrite("edge.record", damaged);
  auto store = open(disk);
  const auto refused = error(store->read(kPair));
  CHECK(refused.code == Errc::corrupt);
  CHECK_THAT(refused.message, Catch::Contains("pair edge is damaged"));
  CHECK(error(store->compare_and_swap(kPair, kNobody, record(1))).code == Errc::corrupt);
  CHECK(error(store->compare_and_swap(kPair, record(1), record(2))).code == Errc::corrupt);
  CHECK(value(store->compare_and_swap("other", kNobody, record(1))).swapped);
}

TEST_CASE("a record that is taken away while the witness runs is not taken for that of a new pair") {
  SimulatedDisk disk(1);
  auto store = open(disk);
  REQUIRE(swapped(*store, kNobody, record(1)));
  disk.take_away("edge.record");
  CHECK(error(store->read(kPair)).code == Errc::unavailable);
  CHECK_FALSE(store->compare_and_swap(kPair, kNobody, record(1)).has_value());
}

TEST_CASE("a file that ends like a record's and names no pair keeps the store from opening") {
  SimulatedDisk disk(1);
  disk.overwrite("two words.record", encode(kPair, record(1)));
  CHECK(error(Store::open(disk.mount())).code == Errc::corrupt);
}

TEST_CASE("a witness has a limit of pairs; those that it has go on") {
  SimulatedDisk disk(1);
  auto store = value(Store::open(disk.mount(), 2));
  for (const std::string pair : {"one", "two"})
    REQUIRE(value(store->compare_and_swap(pair, kNobody, record(1))).swapped);
  const auto refused = error(store->compare_and_swap("three", kNobody, record(1)));
  CHECK(refused.code == Errc::resource_exhausted);
  CHECK(value(store->read("three")) == kNobody);
  CHECK(value(store->compare_and_swap("two", record(1), record(2))).swapped);
  CHECK(store->pairs() == std::vector<std::string>{"one", "two"});
}

TEST_CASE("of swaps that race for one record exactly one wins") {
  SimulatedDisk disk(1);
  auto store = open(disk);
  auto current = kNobody;
  for (int round = 0; round < 100; ++round) {
    std::array<bool, 4> won{};
    std::vector<std::thread> racers;
    for (std::size_t i = 0; i < won.size(); ++i) {
      racers.emplace_back([&, i] {
        const auto outcome =
            store->compare_and_swap(kPair, current, record(current.term + 1, "n" + std::to_string(i)));
        won[i] = outcome && outcome->swapped;
      });
    }
    for (auto& racer : racers) racer.join();
    REQUIRE(std::count(won.begin(), won.end(), true) == 1);
    const auto winner = std::find(won.begin(), won.end(), true) - won.begin();
    current = record(current.term + 1, "n" + std::to_string(winner));
    REQUIRE(value(store->read(kPair)) == current);
  }
}

}  // namespace stillwater::mgmt::witness::test
