// The trackers' contract, over every tracker that this kernel has: a write is found, and answered for until
// the commit that carried it. What a tracker promises beyond that is tested beside it (engine/, kvm/).
#include "tests/unit/trackers/subject.h"

namespace stillwater::tests {

using region::Extent;
using region::kPageBytes;

#define EVERY_TRACKER                                             \
  const std::string name = GENERATE(from_range(trackers_here())); \
  INFO("tracker " << name);                                       \
  const auto subject = make_subject(name);                        \
  Subject& t = *subject

TEST_CASE("a tracker goes by its name, and nothing is dirty before anything was written") {
  EVERY_TRACKER;
  CHECK(t.tracker().name() == name);
  t.collect();
  t.tracker().committed();
  CHECK(t.agrees(t.collect(), {}));
}

TEST_CASE("M2 M3: collect returns what was written, and starts anew") {
  EVERY_TRACKER;
  t.collect();
  const std::uint64_t before = t.tracker().dirty_bytes_hint();
  for (const std::uint64_t page : {std::uint64_t{1}, std::uint64_t{2}, t.pages() - 1}) t.write(page);
  CHECK(t.tracker().dirty_bytes_hint() > before);
  CHECK(t.agrees(t.collect(), {1, 2, t.pages() - 1}));
  t.tracker().committed();
  t.write(30);
  const PageSet next = t.collect();
  CHECK(t.agrees(next, {30}));
  CHECK_FALSE(next.contains(1));
  CHECK_FALSE(next.contains(t.pages() - 1));
}

TEST_CASE("a collect leaves alone what the caller has gathered already") {
  EVERY_TRACKER;
  t.collect();
  t.tracker().committed();
  std::vector<Extent> out = {{t.first_offset(), region::kLineBytes}};
  t.write(20);
  t.quiesce();
  REQUIRE(t.tracker().collect(out));
  t.resume();
  CHECK(out.front() == Extent{t.first_offset(), region::kLineBytes});
  out.erase(out.begin());
  CHECK(t.agrees(t.pages_of(out), {20}));
}

TEST_CASE("M3: a page that is written while it is copied is in the next round") {
  EVERY_TRACKER;
  for (unsigned round = 0; round < 20; ++round) {
    t.write(5);
    CHECK(t.collect().contains(5));
    t.tracker().committed();
  }
}

TEST_CASE("M3: a copy that follows the rounds ends equal, whatever is written between and during them") {
  EVERY_TRACKER;
  for_seeds(3, [&](Random& random) {
    t.quiesce();
    Snapshot copy(t.at(0), t.at(t.pages()));
    t.tracker().begin_anew();
    t.resume();
    for (unsigned round = 0; round < 10; ++round) {
      for (std::uint64_t n = below(random, 12); n > 0; --n) t.write(below(random, t.pages()));
      for (const std::uint64_t page : t.collect()) {
        std::copy_n(t.at(page), kPageBytes, copy.data() + page * kPageBytes);
        if (one_in(random, 8)) t.write(page);
      }
      t.tracker().committed();
    }
    for (const std::uint64_t page : t.collect())
      std::copy_n(t.at(page), kPageBytes, copy.data() + page * kPageBytes);
    t.tracker().committed();
    CHECK(std::equal(copy.begin(), copy.end(), t.at(0)));
  });
}

TEST_CASE("invariant 4: a write is dropped only on commit, whatever fails before: against a model") {
  EVERY_TRACKER;
  t.collect();
  t.tracker().committed();
  for_seeds(5, [&](Random& random) {
    PageSet written, in_shipment;
    for (int step = 0; step < 100; ++step) {
      switch (below(random, 8)) {
        case 0:
        case 1: {
          const PageSet collected = t.collect();
          REQUIRE(t.agrees(collected, written));
          in_shipment.insert(collected.begin(), collected.end());
          written.clear();
          break;
        }
        case 2:
          t.tracker().merge_back();
          written.merge(in_shipment);
          in_shipment.clear();
          break;
        case 3:
          t.tracker().committed();
          in_shipment.clear();
          break;
        default: {
          const std::uint64_t page = below(random, t.pages());
          t.write(page);
          written.insert(page);
        }
      }
    }
    REQUIRE(t.agrees(t.collect(), written));
    t.tracker().committed();
  });
}

TEST_CASE("failing again and again does not make the dirty set grow") {
  EVERY_TRACKER;
  PageSet written;
  for (std::uint64_t page = 0; page < 50; ++page) written.insert(page);
  std::uint64_t once = 0;
  for (int attempt = 0; attempt < 20; ++attempt) {
    for (const std::uint64_t page : written) t.write(page);
    const PageSet collected = t.collect();
    REQUIRE(t.agrees(collected, written));
    if (once == 0) once = collected.size();
    REQUIRE(collected.size() == once);
    t.tracker().merge_back();
  }
}

TEST_CASE("beginning anew forgets what was written, collected or merged back") {
  EVERY_TRACKER;
  t.write(0);
  t.collect();
  t.tracker().merge_back();
  t.write(10);
  t.collect();
  t.write(20);
  t.quiesce();
  t.tracker().begin_anew();
  t.resume();
  t.tracker().merge_back();
  t.write(30);
  const PageSet collected = t.collect();
  CHECK(t.agrees(collected, {30}));
  for (const std::uint64_t page : {0, 10, 20}) CHECK_FALSE(collected.contains(page));
}

TEST_CASE("regions at different addresses: each tracker finds its own writes, at the same offsets") {
  EVERY_TRACKER;
  const auto other = make_subject(name);
  REQUIRE(t.region().base() != other->region().base());
  t.collect();
  other->collect();
  for (const std::uint64_t page : {7, 9}) {
    t.write(page);
    other->write(page);
  }
  other->write(40);
  CHECK(t.agrees(t.collect(), {7, 9}));
  CHECK(other->agrees(other->collect(), {7, 9, 40}));
}

}  // namespace stillwater::tests
