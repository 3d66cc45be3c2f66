// The session table against a std::map, with buckets that overflow and tables that fill up.
#include <map>

#include <xxhash.h>

#include "tests/unit/region/world.h"

namespace stillwater::tests {
namespace {

using namespace stillwater::region;

struct Flow {
  FlowKey forward, reply;
};

// Keys of one bucket: the table's hash, as nobody outside can compute it without the region's id.
FlowKey colliding_key(Random& random, std::uint32_t buckets) {
  std::uint64_t seed = 0;
  std::memcpy(&seed, kOurRegion.data(), sizeof(seed));
  for (;;) {
    const FlowKey key = Worker::any_key(random);
    if (XXH3_64bits_withSeed(&key, sizeof(key), seed) % buckets == 0) return key;
  }
}

using Model = std::map<std::uint32_t, Flow>;

void check_against(const SessionTable& table, const Model& model) {
  REQUIRE(table.in_use() == model.size());
  for (const auto& [slot, flow] : model) {
    const auto forward = table.find(flow.forward);
    REQUIRE(forward.slot == slot);
    REQUIRE(forward.direction == Direction::forward);
    const auto reply = table.find(flow.reply);
    REQUIRE(reply.slot == slot);
    REQUIRE(reply.direction == Direction::reply);
  }
}

const SessionTableControl& control_of(const Region& region) {
  return *reinterpret_cast<const SessionTableControl*>(region.root("sessions.0.control").data);
}

std::uint32_t free_overflow_buckets(const Region& region) {
  const Root root = region.root("sessions.0.overflow");
  const auto* buckets = reinterpret_cast<const IndexBucket*>(root.data);
  std::uint32_t free =
      static_cast<std::uint32_t>(root.bytes / sizeof(IndexBucket)) - control_of(region).fresh_bucket;
  for (std::uint32_t next = control_of(region).free_bucket; next != 0; next = buckets[next - 1].overflow)
    ++free;
  return free;
}

struct Table {
  explicit Table(std::uint32_t sessions_max)
      : region(make_region(small_layout(sessions_max))), worker(*region) {
    region->set_identity(kOurRegion, 1);
    worker.turn.begin(1, 1s);
  }
  std::unique_ptr<Region> region;
  Worker worker;
  SessionTable& sessions = worker.sessions;
  Model model;

  bool insert(const Flow& flow) {
    const std::uint32_t slot = sessions.insert(worker.turn, flow.forward, flow.reply);
    if (slot == SessionTable::kNone) return false;
    const bool is_new = model.emplace(slot, flow).second;
    REQUIRE(is_new);
    return true;
  }
  void erase_any(Random& random) {
    auto victim = std::next(model.begin(), static_cast<std::ptrdiff_t>(below(random, model.size())));
    const Flow flow = victim->second;
    sessions.erase(worker.turn, victim->first);
    model.erase(victim);
    REQUIRE_FALSE(sessions.find(flow.forward));
    REQUIRE_FALSE(sessions.find(flow.reply));
  }
};

}  // namespace

TEST_CASE("a session table does what a map does, up to its last session") {
  for_seeds(20, [](Random& random) {
    Table t(192);
    bool was_full = false;
    for (int step = 0; step < 3000; ++step) {
      const bool grow = step % 1000 < 600;
      if (t.model.empty() || below(random, 10) < (grow ? 8u : 2u)) {
        const bool done = t.insert({Worker::any_key(random), Worker::any_key(random)});
        if (!done) REQUIRE(t.model.size() == t.sessions.capacity());
        was_full = was_full || !done;
      } else {
        t.erase_any(random);
      }
      REQUIRE(t.sessions.in_use() == t.model.size());
      if (step % 100 == 0) check_against(t.sessions, t.model);
    }
    REQUIRE(was_full);
    check_against(t.sessions, t.model);
  });
}

TEST_CASE("a full table says so and is as before") {
  Table t(64);
  Random random(Catch::rngSeed());
  while (t.insert({Worker::any_key(random), Worker::any_key(random)})) {
  }
  CHECK(t.model.size() == t.sessions.capacity());
  const Snapshot before = data_bytes(*t.region);
  CHECK(t.sessions.insert(t.worker.turn, Worker::any_key(random), Worker::any_key(random)) ==
        SessionTable::kNone);
  CHECK(data_bytes(*t.region) == before);
  check_against(t.sessions, t.model);
}

TEST_CASE("buckets overflow, run out, and are all free again once their sessions are gone") {
  for_seeds(5, [](Random& random) {
    Table t(384);  // 128 buckets of 9 entries, 64 overflow buckets: a chain ends at 585 entries
    const std::uint32_t buckets = 128;
    const std::uint32_t all_free = free_overflow_buckets(*t.region);
    REQUIRE(all_free == 64);
    for (int cycle = 0; cycle < 20; ++cycle) {
      Flow last{};
      do {
        last = {colliding_key(random, buckets), colliding_key(random, buckets)};
      } while (t.insert(last));
      REQUIRE_FALSE(t.sessions.find(last.forward));
      REQUIRE(t.model.size() == (9 + 64 * 9) / 2);
      REQUIRE(free_overflow_buckets(*t.region) == 0);
      check_against(t.sessions, t.model);  // the insert that failed left nothing behind
      for (std::uint64_t n = below(random, t.model.size()); n > 0; --n) t.erase_any(random);
      check_against(t.sessions, t.model);
      while (!t.model.empty()) t.erase_any(random);
      REQUIRE(free_overflow_buckets(*t.region) == all_free);
    }
  });
}

TEST_CASE("a slot that is used again starts as a new session") {
  Table t(64);
  Random random(Catch::rngSeed());
  REQUIRE(t.insert({Worker::any_key(random), Worker::any_key(random)}));
  {
    const auto session = t.sessions.edit(t.worker.turn, 0);
    session->state = SessionState::closing;
    session->rule_id = 5;
    session->tcp_flags_seen = 3;
  }
  t.erase_any(random);
  CHECK(t.sessions.at(0).state == SessionState::free);
  t.worker.turn.begin(7, 60s);
  REQUIRE(t.insert({Worker::any_key(random), Worker::any_key(random)}));
  CHECK(t.sessions.at(0).state == SessionState::opening);
  CHECK(t.sessions.at(0).rule_id == 0);
  CHECK(t.sessions.at(0).tcp_flags_seen == 0);
  CHECK(t.sessions.at(0).created_ns == Nanos(60s).count());
  CHECK(t.sessions.at(0).changed_epoch == 7);
  CHECK(t.sessions.last_seen_s(0) == 60);
}

}  // namespace stillwater::tests
