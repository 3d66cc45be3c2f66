// What the trackers of the factory promise beyond the contract (tests/unit/trackers): lines or pages exactly,
// hints, soft lines, and a region that outlives them.
#include <mutex>
#include <thread>

#include "tests/unit/engine/tracked.h"

namespace stillwater::tests {

using namespace stillwater::region;

#define EVERY_TRACKER                                               \
  const std::string name = GENERATE(from_range(usable_trackers())); \
  INFO("tracker " << name);                                         \
  Tracked t(name)

TEST_CASE("M2 M3: collect returns what all workers wrote, and starts anew") {
  EVERY_TRACKER;
  CHECK(t.tracker->name() == name);
  CHECK(t.tracker->dirty_bytes_hint() == 0);
  CHECK(t.collect().empty());
  t.write(t.first, t.hard + 1);
  t.write(t.second, t.hard + 130);
  t.write(t.second, t.hard + t.hard_lines - 1);
  t.write(t.second, t.soft);
  const Lines expected = t.at_grain({t.hard + 1, t.hard + 130, t.hard + t.hard_lines - 1});
  CHECK(t.tracker->dirty_bytes_hint() == expected.size() * kLineBytes);
  CHECK(t.collect() == expected);
  CHECK(t.tracker->dirty_bytes_hint() == 0);
  CHECK(t.collect().empty());
  t.write(t.first, t.hard + 1);
  CHECK(t.collect() == t.at_grain({t.hard + 1}));
}

TEST_CASE("neighbours come as one extent, and a tracker of pages returns whole ones") {
  EVERY_TRACKER;
  for (std::uint64_t line = 0; line < 3 * Tracked::kLinesPerPage; ++line) t.write(t.first, t.hard + line);
  std::vector<Extent> out;
  REQUIRE(t.tracker->collect(out));
  CHECK(out == std::vector<Extent>{{kDataOffset, 3 * kPageBytes}});
}

TEST_CASE("a tracker drops a write only on commit, whatever fails before: against a model") {
  const std::string name = GENERATE(from_range(usable_trackers()));
  INFO("tracker " << name);
  for_seeds(30, [&](Random& random) {
    Tracked t(name);
    Lines written, in_shipment;
    for (int step = 0; step < 200; ++step) {
      switch (below(random, 8)) {
        case 0:
        case 1: {
          Lines expected = t.at_grain(written);
          written.clear();
          REQUIRE(t.collect() == expected);
          in_shipment.merge(expected);
          break;
        }
        case 2:
          t.tracker->merge_back();
          written.merge(in_shipment);
          in_shipment.clear();
          break;
        case 3:
          t.tracker->committed();
          in_shipment.clear();
          break;
        default: {
          const std::uint64_t line = t.hard + below(random, t.hard_lines);
          t.write(line % 2 == 0 ? t.first : t.second, line);
          written.insert(line);
        }
      }
      REQUIRE(t.tracker->dirty_bytes_hint() >= written.size() * kLineBytes);
    }
  });
}

TEST_CASE("M3: a copy that follows the rounds while a worker writes ends equal") {
  EVERY_TRACKER;
  constexpr int kTurnsAtLeast = 2000;
  std::vector<std::byte> copy(t.region->soft_begin());
  std::mutex turn;  // held by the worker from one packet boundary to the next
  std::atomic<int> turns{0};
  std::atomic<bool> stop{false};
  std::thread worker([&] {
    Random random(Catch::rngSeed());
    while (!stop) {
      const std::lock_guard inside(turn);
      for (int i = 0; i < 4; ++i) t.write(t.first, t.hard + below(random, t.hard_lines));
      ++turns;
    }
  });
  const auto round = [&] {
    std::vector<Extent> written;
    {
      const std::lock_guard stands_still(turn);
      REQUIRE(t.tracker->collect(written));
    }
    for (const Extent& e : written) copy_live(copy, *t.region, e);
    t.tracker->committed();
  };
  while (turns < kTurnsAtLeast) round();
  stop = true;
  worker.join();
  round();
  CHECK(std::memcmp(copy.data() + kDataOffset, t.region->base() + kDataOffset, copy.size() - kDataOffset) ==
        0);
}

TEST_CASE("beginning anew forgets what was written, collected or merged back, hard and soft") {
  EVERY_TRACKER;
  t.write(t.first, t.hard);
  REQUIRE_FALSE(t.collect().empty());
  t.tracker->merge_back();
  t.write(t.first, t.hard + 100);
  REQUIRE_FALSE(t.collect().empty());
  t.write(t.second, t.hard + 200);
  t.write(t.second, t.soft);
  t.tracker->collect_soft();
  t.write(t.second, t.soft + 1);
  t.tracker->begin_anew();
  t.tracker->merge_back();
  CHECK(t.tracker->dirty_bytes_hint() == 0);
  CHECK(t.collect().empty());
  t.tracker->collect_soft();
  CHECK(t.take_soft(1 << 20).empty());
  t.write(t.first, t.hard);
  CHECK(t.collect() == t.at_grain({t.hard}));
}

TEST_CASE("a region outlives its tracker, and another may follow") {
  EVERY_TRACKER;
  t.write(t.first, t.hard);
  t.tracker.reset();
  t.write(t.first, t.hard + 64);
  t.tracker =
      std::move(*trackers::make_tracker(name, *t.region, {&t.first, &t.second}, [](const std::string&) {}));
  t.tracker->begin_anew();
  t.write(t.first, t.hard + 128);
  CHECK(t.collect() == t.at_grain({t.hard + 128}));
}

TEST_CASE("soft lines come out within the budget, each in the end, those written all the time too") {
  const std::string name = GENERATE(from_range(usable_trackers()));
  INFO("tracker " << name);
  for_seeds(30, [&](Random& random) {
    Tracked t(name);
    Lines waiting;
    const std::uint64_t budget_lines = 1 + below(random, 8);
    for (int round = 0; round < 20; ++round) {
      for (std::uint64_t n = below(random, 30); n > 0; --n) {
        const std::uint64_t line = t.soft + below(random, t.soft_lines);
        t.write(t.first, line);
        waiting.insert(line);
      }
      t.tracker->collect_soft();
      const Lines taken = t.take_soft(budget_lines * kLineBytes + below(random, kLineBytes));
      REQUIRE(taken.size() == std::min<std::size_t>(budget_lines, waiting.size()));
      for (const std::uint64_t line : taken) REQUIRE(waiting.erase(line) == 1);
    }
    while (!waiting.empty()) {
      const Lines taken = t.take_soft(budget_lines * kLineBytes);
      REQUIRE_FALSE(taken.empty());
      for (const std::uint64_t line : taken) REQUIRE(waiting.erase(line) == 1);
    }
    REQUIRE(t.take_soft(1 << 20).empty());
    REQUIRE(t.collect().empty());
  });
}

TEST_CASE("a run of soft lines longer than the budget is shipped in parts, and hot lines starve none") {
  EVERY_TRACKER;
  Lines seen;
  for (int round = 0; round < 10; ++round) {
    for (std::uint64_t line = 0; line < 30; ++line) t.write(t.first, t.soft + line);
    t.tracker->collect_soft();
    Lines taken = t.take_soft(3 * kLineBytes);
    CHECK(taken.size() == 3);
    seen.merge(taken);
  }
  CHECK(seen.size() == 30);
}

TEST_CASE("soft lines that were set aside twice before they were taken come out all") {
  EVERY_TRACKER;
  t.write(t.first, t.soft);
  t.tracker->collect_soft();
  t.write(t.first, t.soft + 1);
  t.tracker->collect_soft();
  t.write(t.first, t.soft + 2);
  CHECK(t.take_soft(1 << 20) == Lines{t.soft, t.soft + 1});
  CHECK(t.take_soft(1 << 20).empty());
  t.tracker->collect_soft();
  CHECK(t.take_soft(1 << 20) == Lines{t.soft + 2});
}

}  // namespace stillwater::tests
