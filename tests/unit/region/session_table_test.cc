// The session table against a std::map, with buckets that overflow and tables that fill up.
#include <algorithm>
#include <map>

#include <xxhash.h>

#include "tests/unit/region/world.h"

namespace stillwater::tests {
namespace {

using namespace stillwater::region;

// What differs between the two kinds of table.
struct Ipv4 {
  using Key = FlowKey;
  using Sessions = SessionTable;
  static Key any_key(Random& random) { return Worker::any_key(random); }
};
struct Ipv6 {
  using Key = FlowKey6;
  using Sessions = SessionTable6;
  static Key any_key(Random& random) { return Worker::any_key6(random); }
};

template <class Kind>
class Table {
 public:
  using Key = typename Kind::Key;
  using Sessions = typename Kind::Sessions;
  struct Flow {
    Key forward, reply;
  };

  explicit Table(std::uint32_t sessions_max)
      : region(make_region(layout(sessions_max))),
        marks(kDataOffset, region->soft_begin(), region->size()),
        turn(*region, marks),
        sessions(*region, 0) {
    region->set_identity(kOurRegion, 1);
    turn.begin(1, 1s);
  }

  static Flow any_flow(Random& random) { return {Kind::any_key(random), Kind::any_key(random)}; }

  bool insert(const Flow& flow) {
    const bool has_room = sessions.has_room_for(flow.forward, flow.reply);
    const std::uint32_t slot = sessions.insert(turn, flow.forward, flow.reply);
    REQUIRE(has_room == (slot != Sessions::kNone));
    if (slot == Sessions::kNone) return false;
    const bool is_new = model.emplace(slot, flow).second;
    REQUIRE(is_new);
    return true;
  }
  void erase_any(Random& random) {
    auto victim = std::next(model.begin(), static_cast<std::ptrdiff_t>(below(random, model.size())));
    const Flow flow = victim->second;
    sessions.erase(turn, victim->first);
    model.erase(victim);
    REQUIRE_FALSE(sessions.find(flow.forward));
    REQUIRE_FALSE(sessions.find(flow.reply));
  }

  void check_against_model() {
    REQUIRE(sessions.in_use() == model.size());
    for (const auto& [slot, flow] : model) {
      const auto forward = sessions.find(flow.forward);
      REQUIRE(forward.slot == slot);
      REQUIRE(forward.direction == Direction::forward);
      const auto reply = sessions.find(flow.reply);
      REQUIRE(reply.slot == slot);
      REQUIRE(reply.direction == Direction::reply);
    }
  }

  [[nodiscard]] std::uint32_t free_overflow_buckets() const {
    const std::string roots = std::string(Key::kSessionRoots) + ".0.";
    const auto& control = *reinterpret_cast<const SessionTableControl*>(region->root(roots + "control").data);
    const Root root = region->root(roots + "overflow");
    const auto* buckets = reinterpret_cast<const IndexBucket*>(root.data);
    std::uint32_t free = static_cast<std::uint32_t>(root.bytes / sizeof(IndexBucket)) - control.fresh_bucket;
    for (std::uint32_t next = control.free_bucket; next != 0; next = buckets[next - 1].overflow) ++free;
    return free;
  }

  std::unique_ptr<Region> region;
  WorkerMarks marks;
  Turn turn;
  Sessions sessions;
  std::map<std::uint32_t, Flow> model;

 private:
  static Layout layout(std::uint32_t sessions_max) {
    Layout layout;
    Sessions::add_roots(layout, 0, sessions_max);
    return layout;
  }
};

// Keys of one bucket: the table's hash, as nobody outside can compute it without the region's id.
template <class Kind>
typename Kind::Key colliding_key(Random& random, std::uint32_t buckets) {
  std::uint64_t seed = 0;
  std::memcpy(&seed, kOurRegion.data(), sizeof(seed));
  for (;;) {
    const auto key = Kind::any_key(random);
    if (XXH3_64bits_withSeed(&key, sizeof(key), seed) % buckets == 0) return key;
  }
}

// Keys of sessions, of sessions that are gone, and of none.
template <class Kind>
void find_burst_agrees(Table<Kind>& t, Random& random, const std::vector<typename Kind::Key>& gone) {
  using Match = typename Table<Kind>::Sessions::Match;
  std::vector<typename Kind::Key> keys(gone.begin(), gone.end());
  for (const auto& [slot, flow] : t.model) keys.push_back(one_in(random, 2) ? flow.forward : flow.reply);
  for (int i = 0; i < 20; ++i) keys.push_back(Kind::any_key(random));
  std::shuffle(keys.begin(), keys.end(), random);
  keys.resize(below(random, keys.size() + 1));
  std::vector<Match> matches(keys.size() + 1, Match{77, Direction::reply});
  t.sessions.find_burst(keys, matches);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Match alone = t.sessions.find(keys[i]);
    REQUIRE(matches[i].slot == alone.slot);
    if (alone) REQUIRE(matches[i].direction == alone.direction);
  }
  REQUIRE(matches.back().slot == 77);
}

}  // namespace

TEMPLATE_TEST_CASE("a session table does what a map does, up to its last session", "", Ipv4, Ipv6) {
  for_seeds(20, [](Random& random) {
    Table<TestType> t(192);
    bool was_full = false;
    for (int step = 0; step < 3000; ++step) {
      const bool grow = step % 1000 < 600;
      if (t.model.empty() || below(random, 10) < (grow ? 8u : 2u)) {
        const bool done = t.insert(t.any_flow(random));
        if (!done) REQUIRE(t.model.size() == t.sessions.capacity());
        was_full = was_full || !done;
      } else {
        t.erase_any(random);
      }
      REQUIRE(t.sessions.in_use() == t.model.size());
      if (step % 100 == 0) t.check_against_model();
    }
    REQUIRE(was_full);
    t.check_against_model();
  });
}

TEMPLATE_TEST_CASE("a full table says so and is as before", "", Ipv4, Ipv6) {
  Table<TestType> t(64);
  Random random(Catch::rngSeed());
  while (t.insert(t.any_flow(random))) {
  }
  CHECK(t.model.size() == t.sessions.capacity());
  const Snapshot before = data_bytes(*t.region);
  CHECK_FALSE(t.insert(t.any_flow(random)));
  CHECK(data_bytes(*t.region) == before);
  t.check_against_model();
}

TEMPLATE_TEST_CASE("room that a full table promises for after an erasure is there, whichever is erased", "",
                   Ipv4, Ipv6) {
  for_seeds(20, [](Random& random) {
    Table<TestType> t(64);
    const auto flow = [&random] {
      const bool collides = one_in(random, 2);
      return typename Table<TestType>::Flow{
          collides ? colliding_key<TestType>(random, 32) : TestType::any_key(random),
          TestType::any_key(random)};
    };
    while (t.insert(flow())) {
    }
    for (int i = 0; i < 20; ++i) {
      const auto wanted = flow();
      const bool promised = t.sessions.has_room_for(wanted.forward, wanted.reply, 1);
      t.erase_any(random);
      if (promised) REQUIRE(t.insert(wanted));
      while (t.insert(flow())) {
      }
    }
  });
}

TEMPLATE_TEST_CASE("buckets overflow, run out, and are all free again once their sessions are gone", "", Ipv4,
                   Ipv6) {
  for_seeds(5, [](Random& random) {
    Table<TestType> t(384);  // 128 buckets of 9 entries, 64 overflow buckets: a chain ends at 585 entries
    const std::uint32_t buckets = 128;
    const std::uint32_t all_free = t.free_overflow_buckets();
    REQUIRE(all_free == 64);
    for (int cycle = 0; cycle < 20; ++cycle) {
      typename Table<TestType>::Flow last{};
      do {
        last = {colliding_key<TestType>(random, buckets), colliding_key<TestType>(random, buckets)};
      } while (t.insert(last));
      REQUIRE_FALSE(t.sessions.find(last.forward));
      REQUIRE(t.model.size() == (9 + 64 * 9) / 2);
      REQUIRE(t.free_overflow_buckets() == 0);
      t.check_against_model();  // the insert that failed left nothing behind
      for (std::uint64_t n = below(random, t.model.size()); n > 0; --n) t.erase_any(random);
      t.check_against_model();
      while (!t.model.empty()) t.erase_any(random);
      REQUIRE(t.free_overflow_buckets() == all_free);
    }
  });
}

TEMPLATE_TEST_CASE("a slot that is used again starts as a new session", "", Ipv4, Ipv6) {
  Table<TestType> t(64);
  Random random(Catch::rngSeed());
  REQUIRE(t.insert(t.any_flow(random)));
  {
    const auto session = t.sessions.edit(t.turn, 0);
    session->state = SessionState::closing;
    session->rule_id = 5;
    session->tcp_ended = 3;
    session->tcp_scales = 0x88;
  }
  t.erase_any(random);
  CHECK(t.sessions.at(0).state == SessionState::free);
  t.turn.begin(7, 60s);
  REQUIRE(t.insert(t.any_flow(random)));
  CHECK(t.sessions.at(0).state == SessionState::opening);
  CHECK(t.sessions.at(0).rule_id == 0);
  CHECK(t.sessions.at(0).tcp_ended == 0);
  CHECK(t.sessions.at(0).tcp_scales == 0);
  CHECK(t.sessions.at(0).created_ns == Nanos(60s).count());
  CHECK(t.sessions.at(0).changed_epoch == 7);
  CHECK(t.sessions.last_seen_s(0) == 60);
}

TEMPLATE_TEST_CASE("lookups in bursts find what lookups alone find, chains and strangers too", "", Ipv4,
                   Ipv6) {
  for_seeds(30, [](Random& random) {
    Table<TestType> t(384);
    std::vector<typename TestType::Key> gone;
    for (int step = 0; step < 200; ++step) {
      const bool collides = one_in(random, 2);
      const auto forward = collides ? colliding_key<TestType>(random, 128) : TestType::any_key(random);
      if (t.model.empty() || below(random, 4) != 0) {
        t.insert({forward, TestType::any_key(random)});
      } else {
        gone.push_back(t.model.begin()->second.forward);
        t.sessions.erase(t.turn, t.model.begin()->first);
        t.model.erase(t.model.begin());
      }
      if (step % 20 == 0) find_burst_agrees(t, random, gone);
    }
  });
}

TEMPLATE_TEST_CASE("an expected match counts only while it is true", "", Ipv4, Ipv6) {
  Table<TestType> t(64);
  Random random(Catch::rngSeed());
  const auto flow = t.any_flow(random);
  REQUIRE(t.insert(flow));
  const auto expected = t.sessions.find(flow.reply);
  CHECK(t.sessions.find(flow.reply, expected).slot == 0);
  CHECK(t.sessions.find(flow.reply, {}).slot == 0);
  CHECK(t.sessions.find(flow.forward, expected).direction == Direction::forward);
  CHECK_FALSE(t.sessions.find(TestType::any_key(random), expected));
  t.erase_any(random);
  CHECK_FALSE(t.sessions.find(flow.reply, expected));
}

}  // namespace stillwater::tests
