#include "ckpt_engine/region/session_table.h"

#include <bit>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace stillwater::region {
namespace {

std::string root_name(unsigned shard, const char* part) {
  return "sessions." + std::to_string(shard) + "." + part;
}

// Two entries a session, buckets about 70 % full at capacity.
std::uint32_t bucket_count(std::uint32_t sessions_max) {
  return std::bit_ceil(std::max<std::uint32_t>(2, sessions_max * 2 / 6));
}
std::uint32_t overflow_count(std::uint32_t sessions_max) { return bucket_count(sessions_max) / 4 + 1; }

std::uint32_t reference_of(std::uint32_t slot, Direction direction) {
  return slot << 1 | static_cast<std::uint32_t>(direction);
}

}  // namespace

void SessionTable::add_roots(Layout& layout, unsigned shard, std::uint32_t sessions_max) {
  const auto add = [&](const char* part, StateClass state_class, std::uint64_t count, std::size_t record) {
    layout.add(root_name(shard, part), state_class, count * record, static_cast<std::uint32_t>(record));
  };
  add("control", StateClass::hard, 1, sizeof(SessionTableControl));
  add("records", StateClass::hard, sessions_max, sizeof(Session));
  add("index", StateClass::hard, bucket_count(sessions_max), sizeof(IndexBucket));
  add("overflow", StateClass::hard, overflow_count(sessions_max), sizeof(IndexBucket));
  add("seen", StateClass::soft, sessions_max, sizeof(SessionSeen));
}

SessionTable::SessionTable(const Region& region, unsigned shard) : region_(&region) {
  const auto root = [&](const char* part) { return region.root(root_name(shard, part)); };
  control_ = reinterpret_cast<const SessionTableControl*>(root("control").data);
  sessions_ = reinterpret_cast<const Session*>(root("records").data);
  seen_ = reinterpret_cast<const SessionSeen*>(root("seen").data);
  buckets_ = reinterpret_cast<const IndexBucket*>(root("index").data);
  overflow_ = reinterpret_cast<const IndexBucket*>(root("overflow").data);
  capacity_ = static_cast<std::uint32_t>(root("records").bytes / sizeof(Session));
  bucket_mask_ = std::bit_floor(static_cast<std::uint32_t>(root("index").bytes / sizeof(IndexBucket))) - 1;
  overflow_max_ = static_cast<std::uint32_t>(root("overflow").bytes / sizeof(IndexBucket));
}

// Seeded with the region's id, so that nobody outside can aim flows at one bucket, and both nodes agree.
SessionTable::Hash SessionTable::hash(const FlowKey& key) const {
  std::uint64_t seed = 0;
  std::memcpy(&seed, region_->header().region_id.data(), sizeof(seed));
  const std::uint64_t h = XXH3_64bits_withSeed(&key, sizeof(key), seed);
  return {static_cast<std::uint32_t>(h) & bucket_mask_, static_cast<std::uint16_t>(h >> 48)};
}

const FlowKey& SessionTable::key_of(std::uint32_t reference) const {
  const Session& session = sessions_[reference >> 1];
  return (reference & 1) == 0 ? session.forward : session.reply;
}

SessionTable::Match SessionTable::find(const FlowKey& key) const {
  const Hash h = hash(key);
  for (const IndexBucket* bucket = &buckets_[h.bucket]; bucket != nullptr; bucket = next(*bucket)) {
    for (unsigned i = 0; i < bucket->used; ++i) {
      const std::uint32_t reference = bucket->reference[i];
      if (bucket->signature[i] == h.signature && key_of(reference) == key)
        return {reference >> 1, static_cast<Direction>(reference & 1)};
    }
  }
  return {};
}

std::uint32_t SessionTable::insert(Turn& turn, const FlowKey& forward, const FlowKey& reply) {
  const std::uint32_t slot = take_slot(turn);
  if (slot == kNone) return kNone;
  {
    auto session = edit(turn, slot);
    session->forward = forward;
    session->reply = reply;
    session->created_ns = turn.now().count();
    session->state = SessionState::opening;
    session->tcp_flags_seen = 0;
    session->rule_id = 0;
    session->config_generation = 0;
  }
  if (!add_entry(turn, forward, reference_of(slot, Direction::forward))) {
    give_slot(turn, slot);
    return kNone;
  }
  if (!add_entry(turn, reply, reference_of(slot, Direction::reply))) {
    remove_entry(turn, forward, reference_of(slot, Direction::forward));
    give_slot(turn, slot);
    return kNone;
  }
  Write<SessionSeen>(turn, seen_[slot])->last_seen_s = turn.now_s();
  return slot;
}

void SessionTable::erase(Turn& turn, std::uint32_t slot) {
  remove_entry(turn, sessions_[slot].forward, reference_of(slot, Direction::forward));
  remove_entry(turn, sessions_[slot].reply, reference_of(slot, Direction::reply));
  give_slot(turn, slot);
}

bool SessionTable::add_entry(Turn& turn, const FlowKey& key, std::uint32_t reference) {
  const Hash h = hash(key);
  const IndexBucket* bucket = &buckets_[h.bucket];
  while (bucket->used == IndexBucket::kEntries) {
    const IndexBucket* following = next(*bucket);
    if (following == nullptr) {
      const std::uint32_t fresh = take_bucket(turn);
      if (fresh == kNone) return false;
      Write<IndexBucket>(turn, *bucket)->overflow = fresh + 1;
      following = &overflow_[fresh];
    }
    bucket = following;
  }
  Write<IndexBucket> entry(turn, *bucket);
  entry->signature[entry->used] = h.signature;
  entry->reference[entry->used] = reference;
  ++entry->used;
  return true;
}

// The chain's last entry moves into the hole, so that no tombstone stays; an emptied overflow bucket is
// freed.
void SessionTable::remove_entry(Turn& turn, const FlowKey& key, std::uint32_t reference) {
  const IndexBucket* holder = nullptr;
  unsigned hole = 0;
  const IndexBucket* before_last = nullptr;
  const IndexBucket* last = &buckets_[hash(key).bucket];
  for (;; before_last = last, last = next(*last)) {
    for (unsigned i = 0; holder == nullptr && i < last->used; ++i) {
      if (last->reference[i] != reference) continue;
      holder = last;
      hole = i;
    }
    if (last->overflow == 0) break;
  }
  if (holder == nullptr) return;
  {
    Write<IndexBucket> to(turn, *holder);
    Write<IndexBucket> from(turn, *last);
    --from->used;
    to->signature[hole] = from->signature[from->used];
    to->reference[hole] = from->reference[from->used];
  }
  if (last->used != 0 || before_last == nullptr) return;
  const std::uint32_t freed = before_last->overflow;
  Write<IndexBucket>(turn, *before_last)->overflow = 0;
  Write<IndexBucket>(turn, *last)->overflow = control_->free_bucket;
  Write<SessionTableControl>(turn, *control_)->free_bucket = freed;
}

std::uint32_t SessionTable::take_slot(Turn& turn) {
  if (control_->free_slot == 0 && control_->fresh_slot == capacity_) return kNone;
  Write<SessionTableControl> control(turn, *control_);
  ++control->in_use;
  if (control->free_slot == 0) return control->fresh_slot++;
  const std::uint32_t slot = control->free_slot - 1;
  control->free_slot = sessions_[slot].next_free;
  return slot;
}

void SessionTable::give_slot(Turn& turn, std::uint32_t slot) {
  auto session = edit(turn, slot);
  session->state = SessionState::free;
  Write<SessionTableControl> control(turn, *control_);
  session->next_free = control->free_slot;
  control->free_slot = slot + 1;
  --control->in_use;
}

std::uint32_t SessionTable::take_bucket(Turn& turn) {
  if (control_->free_bucket == 0 && control_->fresh_bucket == overflow_max_) return kNone;
  Write<SessionTableControl> control(turn, *control_);
  if (control->free_bucket == 0) return control->fresh_bucket++;
  const std::uint32_t bucket = control->free_bucket - 1;
  control->free_bucket = overflow_[bucket].overflow;
  Write<IndexBucket>(turn, overflow_[bucket])->overflow = 0;
  return bucket;
}

}  // namespace stillwater::region
