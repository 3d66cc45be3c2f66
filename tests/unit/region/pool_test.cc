// A pool of records against a map, a ring against a queue.
#include <deque>
#include <map>

#include "tests/unit/region/world.h"

namespace stillwater::tests {
namespace {

using namespace stillwater::region;

}  // namespace

TEST_CASE("a pool does what a map does, up to its last record, and gives out records of zeroes") {
  for_seeds(20, [](Random& random) {
    const auto region = make_region(small_layout());
    Worker worker(*region);
    Pool<Note>& pool = worker.notes;
    std::map<std::uint32_t, std::uint64_t> model;
    bool was_full = false;
    for (std::uint64_t step = 1; step < 2000; ++step) {
      worker.turn.begin(step, 1s);
      const bool grow = step % 1000 < 600;
      if (model.empty() || below(random, 10) < (grow ? 7u : 3u)) {
        const std::uint32_t slot = pool.take(worker.turn);
        REQUIRE((slot == Pool<Note>::kNone) == (model.size() == pool.capacity()));
        was_full = was_full || slot == Pool<Note>::kNone;
        if (slot == Pool<Note>::kNone) continue;
        REQUIRE(pool.at(slot) == Note{.changed_epoch = step, .value = 0, .more = {}});
        REQUIRE(model.emplace(slot, step).second);
        const auto note = pool.edit(worker.turn, slot);
        note->value = step;
        note->more[3] = step;
      } else {
        const auto any = std::next(model.begin(), static_cast<std::ptrdiff_t>(below(random, model.size())));
        pool.give(worker.turn, any->first);
        model.erase(any);
      }
      REQUIRE(pool.in_use() == model.size());
      for (const auto& [slot, value] : model) REQUIRE(pool.at(slot).value == value);
    }
    REQUIRE(was_full);
  });
}

TEST_CASE("a pool that is full says so and is as before") {
  const auto region = make_region(small_layout());
  Worker worker(*region);
  while (worker.notes.take(worker.turn) != Pool<Note>::kNone) {
  }
  const Snapshot before = data_bytes(*region);
  CHECK(worker.notes.take(worker.turn) == Pool<Note>::kNone);
  CHECK(data_bytes(*region) == before);
}

TEST_CASE("a ring does what a queue does, full, empty, and round its end many times") {
  for_seeds(20, [](Random& random) {
    const auto region = make_region(small_layout());
    Worker worker(*region);
    Ring<Note>& ring = worker.queue;
    std::deque<std::uint64_t> model;
    bool was_full = false;
    bool was_empty = false;
    for (std::uint64_t step = 1; step < 4000; ++step) {
      worker.turn.begin(step, 1s);
      if (below(random, 10) < (step % 1000 < 500 ? 7u : 3u)) {
        const bool done = ring.push(worker.turn, {.changed_epoch = 0, .value = step, .more = {}});
        REQUIRE(done == (model.size() < ring.capacity()));
        was_full = was_full || !done;
        if (done) model.push_back(step);
        if (done) REQUIRE(ring.at(ring.size() - 1).changed_epoch == step);
      } else if (model.empty()) {
        REQUIRE(ring.front() == nullptr);
        was_empty = true;
      } else {
        REQUIRE(ring.front()->value == model.front());
        ring.pop(worker.turn);
        model.pop_front();
      }
      REQUIRE(ring.size() == model.size());
      for (std::uint32_t i = 0; i < model.size(); ++i) REQUIRE(ring.at(i).value == model[i]);
    }
    REQUIRE(was_full);
    REQUIRE(was_empty);
  });
}

TEST_CASE("what is written to a pool or a ring makes the packet in hand depend on this epoch") {
  const auto region = make_region(small_layout());
  Worker worker(*region);
  worker.turn.begin(7, 1s);
  worker.turn.begin_packet();
  const std::uint32_t slot = worker.notes.take(worker.turn);
  CHECK(worker.turn.depends_epoch() == 7);
  worker.turn.begin(8, 1s);
  worker.turn.begin_packet();
  worker.notes.give(worker.turn, slot);
  CHECK(worker.turn.depends_epoch() == 8);
  worker.turn.begin(9, 1s);
  worker.turn.begin_packet();
  CHECK(worker.queue.push(worker.turn, Note{}));
  CHECK(worker.turn.depends_epoch() == 9);
  worker.turn.begin(10, 1s);
  worker.turn.begin_packet();
  worker.queue.pop(worker.turn);
  CHECK(worker.turn.depends_epoch() == 10);
}

}  // namespace stillwater::tests
