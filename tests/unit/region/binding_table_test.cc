// The binding table against a map, with chains that collide, a table that fills up, and a copy at another
// address.
#include "ckpt_engine/region/binding_table.h"

#include <map>

#include "tests/unit/region/world.h"

namespace stillwater::tests {
namespace {

using namespace stillwater::region;

struct Bindings {
  explicit Bindings(std::uint32_t bindings_max = 64)
      : region(make_region(layout(bindings_max))),
        marks(kDataOffset, region->soft_begin(), region->size()),
        turn(*region, marks),
        table(*region, 0) {
    region->set_identity(kOurRegion, 1);
    turn.begin(1, 1s);
  }
  struct Pair {
    BindingKey internal, external;
  };

  // Few values, so that keys of gone bindings come back.
  static BindingKey any_key(Random& random, std::uint8_t realm) {
    return {.address_be = static_cast<std::uint32_t>(below(random, 40)),
            .port_be = static_cast<std::uint16_t>(below(random, 40)),
            .protocol = static_cast<std::uint8_t>(one_in(random, 2) ? 6 : 17),
            .realm = realm,
            .of = 0};
  }
  bool is_known(const BindingKey& key) const {
    for (const auto& [slot, pair] : model)
      if (pair.internal == key || (pair.external.protocol != 0 && pair.external == key)) return true;
    return false;
  }
  void insert(Random& random) {
    Pair pair{any_key(random, 1), one_in(random, 4) ? BindingKey{} : any_key(random, 0)};
    if (is_known(pair.internal) || is_known(pair.external)) return;
    const bool has_room = table.has_room();
    const std::uint32_t slot = table.insert(turn, pair.internal, pair.external);
    REQUIRE(has_room == (slot != BindingTable::kNone));
    REQUIRE(has_room == (model.size() < table.capacity()));
    if (!has_room) return;
    REQUIRE(table.at(slot).sessions == 0);
    REQUIRE(model.emplace(slot, pair).second);
  }
  void erase(Random& random) {
    if (model.empty()) return;
    const auto victim = std::next(model.begin(), static_cast<std::ptrdiff_t>(below(random, model.size())));
    const Pair pair = victim->second;
    table.erase(turn, victim->first);
    model.erase(victim);
    REQUIRE(table.find(pair.internal) == BindingTable::kNone);
    if (pair.external.protocol != 0) REQUIRE(table.find(pair.external) == BindingTable::kNone);
  }
  void check(const BindingTable& seen, Random& random) const {
    REQUIRE(seen.in_use() == model.size());
    for (const auto& [slot, pair] : model) {
      REQUIRE(seen.find(pair.internal) == slot);
      REQUIRE(seen.at(slot).in_use == 1);
      if (pair.external.protocol != 0) REQUIRE(seen.find(pair.external) == slot);
    }
    for (int i = 0; i < 20; ++i) {
      const BindingKey key = any_key(random, one_in(random, 2) ? 0 : 1);
      REQUIRE((seen.find(key) != BindingTable::kNone) == is_known(key));
    }
    std::uint32_t used = 0;
    for (std::uint32_t slot = 0; slot < seen.slots_touched(); ++slot) used += seen.at(slot).in_use;
    REQUIRE(used == model.size());
  }
  static Layout layout(std::uint32_t bindings_max) {
    Layout layout;
    BindingTable::add_roots(layout, 0, bindings_max);
    return layout;
  }

  std::unique_ptr<Region> region;
  WorkerMarks marks;
  Turn turn;
  BindingTable table;
  std::map<std::uint32_t, Pair> model;
};

}  // namespace

TEST_CASE("a binding table does what a map does, up to its last binding") {
  for_seeds(20, [](Random& random) {
    Bindings b;
    bool was_full = false;
    for (int step = 0; step < 3000; ++step) {
      const bool grow = step % 1000 < 600;
      below(random, 10) < (grow ? 8u : 2u) ? b.insert(random) : b.erase(random);
      was_full = was_full || !b.table.has_room();
      if (step % 50 == 0) b.check(b.table, random);
    }
    REQUIRE(was_full);
    b.check(b.table, random);
    while (!b.model.empty()) b.erase(random);
    REQUIRE(b.table.in_use() == 0);
  });
}

TEST_CASE("a full binding table says so and is as before") {
  Bindings b;
  Random random(Catch::rngSeed());
  while (b.table.has_room()) b.insert(random);
  const Snapshot before = data_bytes(*b.region);
  CHECK(b.table.insert(b.turn, {.address_be = 9999, .protocol = 6, .realm = 1}, {}) == BindingTable::kNone);
  CHECK(data_bytes(*b.region) == before);
}

TEST_CASE("a copy of the marked lines at another address is the same binding table") {
  for_seeds(10, [](Random& random) {
    Bindings b;
    const auto copy = make_region(Bindings::layout(64));
    copy->set_identity(kOurRegion, 1);
    REQUIRE(copy->base() != b.region->base());
    for (std::uint64_t epoch = 1; epoch < 40; ++epoch) {
      b.turn.begin(epoch, 1s);
      for (std::uint64_t n = below(random, 12); n != 0; --n)
        one_in(random, 3) ? b.erase(random) : b.insert(random);
      if (!b.model.empty()) ++b.table.edit(b.turn, b.model.begin()->first)->sessions;
      std::vector<Extent> dirty;
      b.marks.hard->append_to(dirty);
      for (const Extent& extent : dirty)
        std::memcpy(copy->base() + extent.offset, b.region->base() + extent.offset, extent.bytes);
      b.marks.hard->clear();
      REQUIRE(hard_bytes(*copy) == hard_bytes(*b.region));
      b.check(BindingTable(*copy, 0), random);
    }
  });
}

TEST_CASE("what makes or uses a binding depends on its epoch") {
  Bindings b;
  b.turn.begin(7, 1s);
  b.turn.begin_packet();
  const std::uint32_t slot = b.table.insert(b.turn, {.address_be = 1, .protocol = 6, .realm = 1},
                                            {.address_be = 2, .protocol = 6, .realm = 0});
  REQUIRE(slot != BindingTable::kNone);
  CHECK(b.turn.depends_epoch() == 7);
  CHECK(b.table.at(slot).changed_epoch == 7);
  b.turn.begin(9, 1s);
  ++b.table.edit(b.turn, slot)->sessions;
  CHECK(b.table.at(slot).changed_epoch == 9);
}

}  // namespace stillwater::tests
