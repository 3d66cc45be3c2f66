#include "ckpt_engine/region/session_table.h"

#include <algorithm>
#include <bit>
#include <string>

#include <emmintrin.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace stillwater::region {
namespace {

template <class Key>
std::string root_name(unsigned shard, const char* part) {
  return std::string(Key::kSessionRoots) + "." + std::to_string(shard) + "." + part;
}

// Two entries a session, buckets about 70 % full at capacity.
std::uint32_t bucket_count(std::uint32_t sessions_max) {
  return std::bit_ceil(std::max<std::uint32_t>(2, sessions_max * 2 / 6));
}
std::uint32_t overflow_count(std::uint32_t sessions_max) { return bucket_count(sessions_max) / 4 + 1; }

// The entries of the bucket that have this signature, a bit each.
unsigned candidates(const IndexBucket& bucket, std::uint16_t signature) {
  static_assert(IndexBucket::kEntries == 9, "eight in a vector and one more");
  const __m128i first = _mm_load_si128(reinterpret_cast<const __m128i*>(bucket.signature));
  const __m128i equal = _mm_cmpeq_epi16(first, _mm_set1_epi16(static_cast<short>(signature)));
  auto found = static_cast<unsigned>(_mm_movemask_epi8(_mm_packs_epi16(equal, _mm_setzero_si128())));
  found |= (bucket.signature[8] == signature ? 1u : 0u) << 8;
  return found & ((1u << bucket.used) - 1);
}

}  // namespace

template <class Key>
void BasicSessionTable<Key>::add_roots(Layout& layout, unsigned shard, std::uint32_t sessions_max) {
  const auto add = [&](const char* part, StateClass state_class, std::uint64_t count, std::size_t record) {
    layout.add(root_name<Key>(shard, part), state_class, count * record, static_cast<std::uint32_t>(record));
  };
  add("control", StateClass::hard, 1, sizeof(SessionTableControl));
  add("records", StateClass::hard, sessions_max, sizeof(Session));
  add("index", StateClass::hard, bucket_count(sessions_max), sizeof(IndexBucket));
  add("overflow", StateClass::hard, overflow_count(sessions_max), sizeof(IndexBucket));
  add("seen", StateClass::soft, sessions_max, sizeof(SessionSeen));
}

template <class Key>
BasicSessionTable<Key>::BasicSessionTable(const Region& region, unsigned shard) : region_(&region) {
  const auto root = [&](const char* part) { return region.root(root_name<Key>(shard, part)); };
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
template <class Key>
auto BasicSessionTable<Key>::hash(const Key& key) const -> Hash {
  std::uint64_t seed = 0;
  std::memcpy(&seed, region_->header().region_id.data(), sizeof(seed));
  const std::uint64_t h = XXH3_64bits_withSeed(&key, sizeof(key), seed);
  return {static_cast<std::uint32_t>(h) & bucket_mask_, static_cast<std::uint16_t>(h >> 48)};
}

template <class Key>
auto BasicSessionTable<Key>::find(const Key& key) const -> Match {
  const Hash h = hash(key);
  return find_in(&buckets_[h.bucket], h.signature, key);
}

template <class Key>
auto BasicSessionTable<Key>::find_in(const IndexBucket* bucket, std::uint16_t signature, const Key& key) const
    -> Match {
  for (; bucket != nullptr; bucket = next(*bucket)) {
    for (unsigned found = candidates(*bucket, signature); found != 0; found &= found - 1) {
      const std::uint32_t reference = bucket->reference[std::countr_zero(found)];
      if (key_of(reference) == key) return {reference >> 1, static_cast<Direction>(reference & 1)};
    }
  }
  return {};
}

template <class Key>
void BasicSessionTable<Key>::find_burst(std::span<const Key> keys, std::span<Match> matches) const {
  for (std::size_t first = 0; first < keys.size(); first += kBurst)
    find_some(keys.subspan(first, std::min<std::size_t>(kBurst, keys.size() - first)), &matches[first]);
}

// Each pass touches what the one before it asked for: buckets, then sessions.
template <class Key>
void BasicSessionTable<Key>::find_some(std::span<const Key> keys, Match* matches) const {
  Hash hashes[kBurst];
  for (std::size_t i = 0; i < keys.size(); ++i) {
    hashes[i] = hash(keys[i]);
    __builtin_prefetch(&buckets_[hashes[i].bucket]);
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const IndexBucket& bucket = buckets_[hashes[i].bucket];
    if (const unsigned found = candidates(bucket, hashes[i].signature); found != 0)
      __builtin_prefetch(&sessions_[bucket.reference[std::countr_zero(found)] >> 1]);
  }
  for (std::size_t i = 0; i < keys.size(); ++i)
    matches[i] = find_in(&buckets_[hashes[i].bucket], hashes[i].signature, keys[i]);
}

template <class Key>
std::uint32_t BasicSessionTable<Key>::insert(Turn& turn, const Key& forward, const Key& reply) {
  const std::uint32_t slot = take_slot(turn);
  if (slot == kNone) return kNone;
  {
    auto session = edit(turn, slot);
    session->forward = forward;
    session->reply = reply;
    session->created_ns = turn.now().count();
    session->state = SessionState::opening;
    session->tcp_ended = 0;
    session->rule_id = 0;
    session->config_generation = 0;
    session->tcp_scales = 0;
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

template <class Key>
const IndexBucket& BasicSessionTable<Key>::end_of_chain(const Key& key) const {
  const IndexBucket* last = &buckets_[hash(key).bucket];
  while (const IndexBucket* following = next(*last)) last = following;
  return *last;
}

// All buckets of a chain but the last are full.
template <class Key>
bool BasicSessionTable<Key>::has_room_for(const Key& forward, const Key& reply, std::uint32_t erased) const {
  if (control_->free_slot == 0 && control_->fresh_slot == capacity_ && erased == 0) return false;
  const IndexBucket& to_forward = end_of_chain(forward);
  const IndexBucket& to_reply = end_of_chain(reply);
  unsigned wanted = to_forward.used == IndexBucket::kEntries ? 1 : 0;
  if (&to_forward == &to_reply)
    wanted = to_forward.used + 2u > IndexBucket::kEntries ? 1 : 0;
  else if (to_reply.used == IndexBucket::kEntries)
    ++wanted;
  std::uint32_t there = overflow_max_ - control_->fresh_bucket;
  for (std::uint32_t bucket = control_->free_bucket; bucket != 0 && there < wanted;
       bucket = overflow_[bucket - 1].overflow)
    ++there;
  return there >= wanted;
}

template <class Key>
void BasicSessionTable<Key>::erase(Turn& turn, std::uint32_t slot) {
  remove_entry(turn, sessions_[slot].forward, reference_of(slot, Direction::forward));
  remove_entry(turn, sessions_[slot].reply, reference_of(slot, Direction::reply));
  give_slot(turn, slot);
}

template <class Key>
bool BasicSessionTable<Key>::add_entry(Turn& turn, const Key& key, std::uint32_t reference) {
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
template <class Key>
void BasicSessionTable<Key>::remove_entry(Turn& turn, const Key& key, std::uint32_t reference) {
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

template <class Key>
std::uint32_t BasicSessionTable<Key>::take_slot(Turn& turn) {
  if (control_->free_slot == 0 && control_->fresh_slot == capacity_) return kNone;
  Write<SessionTableControl> control(turn, *control_);
  ++control->in_use;
  if (control->free_slot == 0) return control->fresh_slot++;
  const std::uint32_t slot = control->free_slot - 1;
  control->free_slot = sessions_[slot].next_free;
  return slot;
}

template <class Key>
void BasicSessionTable<Key>::give_slot(Turn& turn, std::uint32_t slot) {
  auto session = edit(turn, slot);
  session->state = SessionState::free;
  Write<SessionTableControl> control(turn, *control_);
  session->next_free = control->free_slot;
  control->free_slot = slot + 1;
  --control->in_use;
}

template <class Key>
std::uint32_t BasicSessionTable<Key>::take_bucket(Turn& turn) {
  if (control_->free_bucket == 0 && control_->fresh_bucket == overflow_max_) return kNone;
  Write<SessionTableControl> control(turn, *control_);
  if (control->free_bucket == 0) return control->fresh_bucket++;
  const std::uint32_t bucket = control->free_bucket - 1;
  control->free_bucket = overflow_[bucket].overflow;
  Write<IndexBucket>(turn, overflow_[bucket])->overflow = 0;
  return bucket;
}

template class BasicSessionTable<FlowKey>;
template class BasicSessionTable<FlowKey6>;

}  // namespace stillwater::region
