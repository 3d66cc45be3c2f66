// The trackers' contract: a mark is answered for until the commit that carried it.
#include <set>

#include "ckpt_engine/trackers/barrier_tracker.h"
#include "tests/unit/region/world.h"

namespace stillwater::tests {
namespace {

using namespace stillwater::region;
using Lines = std::set<std::uint64_t>;

Lines lines_of(const std::vector<Extent>& extents) {
  Lines lines;
  for (const Extent& e : extents)
    for (std::uint64_t at = e.offset; at < e.offset + e.bytes; at += kLineBytes) {
      const bool is_new = lines.insert(at / kLineBytes).second;
      REQUIRE(is_new);
    }
  return lines;
}

struct Tracked {
  std::unique_ptr<Region> region = make_region(small_layout());
  WorkerMarks first{kDataOffset, region->soft_begin(), region->size()};
  WorkerMarks second{kDataOffset, region->soft_begin(), region->size()};
  trackers::BarrierTracker tracker{*region, {&first, &second}};
  std::uint64_t hard = kDataOffset / kLineBytes;
  std::uint64_t hard_lines = (region->soft_begin() - kDataOffset) / kLineBytes;
  std::uint64_t soft = region->soft_begin() / kLineBytes;
  std::uint64_t soft_lines = (region->size() - region->soft_begin()) / kLineBytes;

  static void mark(LineSet& lines, std::uint64_t line) { lines.mark(line * kLineBytes, kLineBytes); }
  Lines collect() {
    std::vector<Extent> out;
    tracker.collect(out);
    return lines_of(out);
  }
  Lines take_soft(std::uint64_t budget_bytes) {
    std::vector<Extent> out;
    tracker.take_soft(out, budget_bytes);
    return lines_of(out);
  }
};

}  // namespace

TEST_CASE("M3: collect returns what all workers marked, and starts anew") {
  Tracked t;
  t.mark(*t.first.hard, t.hard + 1);
  t.mark(*t.second.hard, t.hard + 2);
  t.mark(*t.second.soft, t.soft);
  CHECK(t.tracker.dirty_bytes_hint() == 2 * kLineBytes);
  CHECK(t.collect() == Lines{t.hard + 1, t.hard + 2});
  CHECK(t.tracker.dirty_bytes_hint() == 0);
  CHECK(t.collect().empty());
  t.mark(*t.first.hard, t.hard + 1);
  CHECK(t.collect() == Lines{t.hard + 1});
}

TEST_CASE("a collect leaves alone what the caller has gathered already") {
  Tracked t;
  std::vector<Extent> out = {{kDataOffset, kLineBytes}};
  t.mark(*t.first.hard, t.hard + 1);
  t.tracker.collect(out);
  t.tracker.merge_back();
  CHECK(t.collect() == Lines{t.hard + 1});
}

TEST_CASE("a tracker drops a mark only on commit, whatever fails before: against a model") {
  for_seeds(100, [](Random& random) {
    Tracked t;
    Lines marked, in_shipment;
    for (int step = 0; step < 200; ++step) {
      switch (below(random, 6)) {
        case 0: {
          Lines expected = marked;
          marked.clear();
          REQUIRE(t.collect() == expected);
          in_shipment.merge(expected);
          break;
        }
        case 1:
          t.tracker.merge_back();
          marked.merge(in_shipment);
          in_shipment.clear();
          break;
        case 2:
          t.tracker.committed();
          in_shipment.clear();
          break;
        default: {
          const std::uint64_t line = t.hard + below(random, t.hard_lines);
          t.mark(line % 2 == 0 ? *t.first.hard : *t.second.hard, line);
          marked.insert(line);
        }
      }
      REQUIRE(t.tracker.dirty_bytes_hint() >= marked.size() * kLineBytes);
    }
  });
}

TEST_CASE("failing again and again does not make the dirty set grow") {
  Tracked t;
  for (int attempt = 0; attempt < 100; ++attempt) {
    for (std::uint64_t line = 0; line < 50; ++line) t.mark(*t.first.hard, t.hard + line);
    REQUIRE(t.collect().size() == 50);
    t.tracker.merge_back();
    REQUIRE(t.tracker.dirty_bytes_hint() == 50 * kLineBytes);
  }
}

TEST_CASE("soft lines come out within the budget, each in the end, those written all the time too") {
  for_seeds(30, [](Random& random) {
    Tracked t;
    Lines waiting;
    const std::uint64_t budget_lines = 1 + below(random, 8);
    for (int round = 0; round < 20; ++round) {
      for (std::uint64_t n = below(random, 30); n > 0; --n) {
        const std::uint64_t line = t.soft + below(random, t.soft_lines);
        t.mark(*t.first.soft, line);
        waiting.insert(line);
      }
      t.tracker.collect_soft();
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
  });
}

TEST_CASE("a run of soft lines longer than the budget is shipped in parts, and hot lines starve none") {
  Tracked t;
  Lines seen;
  for (int round = 0; round < 10; ++round) {
    for (std::uint64_t line = 0; line < 30; ++line) t.mark(*t.first.soft, t.soft + line);
    t.tracker.collect_soft();
    Lines taken = t.take_soft(3 * kLineBytes);
    CHECK(taken.size() == 3);
    seen.merge(taken);
  }
  CHECK(seen.size() == 30);
}

TEST_CASE("soft lines that were set aside twice before they were taken come out all") {
  Tracked t;
  t.mark(*t.first.soft, t.soft);
  t.tracker.collect_soft();
  t.mark(*t.first.soft, t.soft + 1);
  t.tracker.collect_soft();
  t.mark(*t.first.soft, t.soft + 2);
  CHECK(t.take_soft(1 << 20) == Lines{t.soft, t.soft + 1});
  CHECK(t.take_soft(1 << 20).empty());
  t.tracker.collect_soft();
  CHECK(t.take_soft(1 << 20) == Lines{t.soft + 2});
}

}  // namespace stillwater::tests
