// The store against a model, over a disk that fails at random and loses power.
#include <algorithm>

#include <catch2/catch.hpp>

#include "mgmt/witness/store.h"
#include "tests/unit/witness/records.h"
#include "tests/unit/witness/simulated_disk.h"

namespace stillwater::mgmt::witness::test {
namespace {

// Every record that a pair may have, as far as its users were told.
class Possible {
 public:
  [[nodiscard]] bool has(const ArbiterRecord& r) const {
    return std::find(records_.begin(), records_.end(), r) != records_.end();
  }
  [[nodiscard]] const ArbiterRecord& one_of(Random& random) const {
    return records_[random() % records_.size()];
  }
  void is(const ArbiterRecord& r) { records_ = {r}; }
  void may_be(const ArbiterRecord& r) { records_.push_back(r); }

 private:
  std::vector<ArbiterRecord> records_{ArbiterRecord{}};
};

class Run {
 public:
  explicit Run(std::uint32_t seed) : random_(seed), disk_(seed + 1) { disk_.fail_sometimes(seed % 3 * 40); }

  void step() {
    if (!store_) return restart();
    const auto& pair = kPairs[random_() % kPairs.size()];
    switch (random_() % 8) {
      case 0:
        return restart();
      case 1:
        store_.reset();
        disk_.lose_power();
        return;
      case 2:
      case 3:
        return read(pair);
      default:
        return swap(pair);
    }
  }

  // With the disk well again, every pair has a record that was possible.
  void end() {
    disk_.fail_sometimes(0);
    disk_.lose_power();
    store_ = value(Store::open(disk_.mount()));
    for (const auto& pair : kPairs) REQUIRE(possible_[pair].has(value(store_->read(pair))));
  }

  [[nodiscard]] int swaps() const { return swaps_; }
  [[nodiscard]] int failures() const { return failures_; }

 private:
  inline static const std::array<std::string, 2> kPairs{"edge", "core"};

  void restart() {
    store_.reset();  // the process dies; what the kernel knows stays
    auto opened = Store::open(disk_.mount());
    if (opened)
      store_ = std::move(*opened);
    else
      REQUIRE(opened.error().code == Errc::io);
  }

  void read(const std::string& pair) {
    const auto found = store_->read(pair);
    if (!found) return failed(found.error());
    REQUIRE(possible_[pair].has(*found));
    possible_[pair].is(*found);
  }

  void swap(const std::string& pair) {
    auto& possible = possible_[pair];
    const auto expected = possible.one_of(random_);
    const auto next =
        record(expected.term + 1, random_() % 2 == 0 ? "a" : "b", {random_() % 2 == 0 ? "a" : "b"});
    const auto outcome = store_->compare_and_swap(pair, expected, next);
    if (!outcome) {
      failed(outcome.error());
      const bool untouched = outcome.error().message.find("the old record stays") != std::string::npos;
      if (untouched) possible.is(expected);
      if (outcome.error().message.find("either record is possible") != std::string::npos)
        possible.may_be(next);
      return;
    }
    REQUIRE(possible.has(outcome->swapped ? expected : outcome->newest));
    REQUIRE((outcome->swapped ? outcome->newest == next : outcome->newest != expected));
    possible.is(outcome->newest);
    swaps_ += outcome->swapped ? 1 : 0;
  }

  void failed(const Error& e) {
    INFO(e.message);
    REQUIRE(e.code == Errc::unavailable);
    ++failures_;
  }

  Random random_;
  SimulatedDisk disk_;
  std::unique_ptr<Store> store_;
  std::map<std::string, Possible> possible_;
  int swaps_ = 0;
  int failures_ = 0;
};

}  // namespace

TEST_CASE("a swap that was answered survives every fault, restart and power loss; no record comes back") {
  int swaps = 0;
  int failures = 0;
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    INFO("seed " << seed);
    Run run(seed);
    for (int i = 0; i < 200; ++i) run.step();
    run.end();
    swaps += run.swaps();
    failures += run.failures();
  }
  // The run was not an idle one.
  CHECK(swaps > 10'000);
  CHECK(failures > 2'000);
}

}  // namespace stillwater::mgmt::witness::test
