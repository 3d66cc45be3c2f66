// Verification mode: one byte changed without a mark is found.
#include "tests/unit/engine/tracked.h"

namespace stillwater::tests {
namespace {

using namespace stillwater::region;
using trackers::UnmarkedWrite;

// The region, marks and workers of Tracked, under a tracker that verifies the marks.
struct Verified : Tracked {
  Verified() : Tracked("barrier") {
    write_unmarked(hard);  // before anybody watches
    auto made = trackers::make_verified(*region, {&first, &second},
                                        [this](const UnmarkedWrite& write) { found.push_back(write); });
    if (!made) throw std::runtime_error(made.error().message);
    tracker = std::move(*made);
  }
  std::vector<UnmarkedWrite> found;
};

bool cannot_run() {
  const auto names = usable_trackers();
  const bool missing = std::find(names.begin(), names.end(), "pagemap") == names.end();
  if (missing) WARN("skipped: verification needs the pagemap tracker, which this kernel has not");
  return missing;
}

}  // namespace

TEST_CASE("one byte changed without a mark is found, with its line and page, and told once") {
  if (cannot_run()) return;
  Verified t;
  t.write(t.first, t.hard + 64);
  t.write_unmarked(t.hard + 67);
  CHECK(t.collect() == Lines{t.hard + 64});
  REQUIRE(t.found.size() == 1);
  CHECK(t.found[0].line == (t.hard + 67) * kLineBytes);
  CHECK(t.found[0].page == kDataOffset + kPageBytes);
  CHECK(t.collect().empty());
  CHECK(t.found.size() == 1);
  t.write_unmarked(t.hard + 67);
  CHECK(t.collect().empty());
  CHECK(t.found.size() == 2);
}

TEST_CASE("what is marked is never told, whatever fails and whenever it is collected") {
  if (cannot_run()) return;
  for_seeds(20, [](Random& random) {
    Verified t;
    for (int step = 0; step < 300; ++step) {
      switch (below(random, 8)) {
        case 0:
          t.collect();
          break;
        case 1:
          t.tracker->merge_back();
          break;
        case 2:
          t.tracker->committed();
          break;
        case 3:
          t.write(t.second, t.soft + below(random, t.soft_lines));
          break;
        default:
          t.write(one_in(random, 2) ? t.first : t.second, t.hard + below(random, t.hard_lines));
      }
    }
    t.collect();
    REQUIRE(t.found.empty());
  });
}

TEST_CASE("every unmarked write among marked ones is found: against a model") {
  if (cannot_run()) return;
  for_seeds(20, [](Random& random) {
    Verified t;
    for (int round = 0; round < 10; ++round) {
      Lines marked, unmarked;
      for (int i = 0; i < 40; ++i) {
        const std::uint64_t line = t.hard + below(random, t.hard_lines);
        if (marked.contains(line) || unmarked.contains(line)) continue;
        if (one_in(random, 4)) {
          t.write_unmarked(line);
          unmarked.insert(line);
        } else {
          t.write(t.first, line);
          marked.insert(line);
        }
      }
      REQUIRE(t.collect() == marked);
      t.tracker->committed();
      Lines told;
      for (const UnmarkedWrite& write : t.found) told.insert(write.line / kLineBytes);
      REQUIRE(told == unmarked);
      REQUIRE(t.found.size() == unmarked.size());
      t.found.clear();
    }
  });
}

TEST_CASE("what another wrote before this node leads is not told") {
  if (cannot_run()) return;
  Verified t;
  for (std::uint64_t line = 0; line < 500; ++line) t.write_unmarked(t.hard + line);
  t.tracker->begin_anew();
  CHECK(t.collect().empty());
  t.write(t.first, t.hard + 3);
  CHECK(t.collect() == Lines{t.hard + 3});
  CHECK(t.found.empty());
}

TEST_CASE("the containers mark every hard line that they write") {
  if (cannot_run()) return;
  for_seeds(10, [](Random& random) {
    const auto region = make_region(small_layout());
    region->set_identity(kOurRegion, 1);
    Worker worker(*region);
    std::vector<UnmarkedWrite> found;
    auto tracker = trackers::make_verified(*region, {&worker.marks},
                                           [&](const UnmarkedWrite& write) { found.push_back(write); });
    REQUIRE(tracker);
    std::vector<Extent> out;
    for (std::uint64_t epoch = 1; epoch < 40; ++epoch) {
      worker.work(random, epoch, 50);
      REQUIRE((*tracker)->collect(out));
    }
    REQUIRE_FALSE(out.empty());
    REQUIRE(found.empty());
  });
}

}  // namespace stillwater::tests
