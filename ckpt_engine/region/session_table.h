// Sessions of one worker, found by the tuple of either direction.
#pragma once

#include <cstdint>
#include <span>

#include "ckpt_engine/region/region.h"
#include "ckpt_engine/region/session.h"
#include "ckpt_engine/region/turn.h"

namespace stillwater::region {

enum class Direction : std::uint8_t { forward = 0, reply = 1 };

// A bucket of the hash index: one line. Entries are packed to the front.
struct IndexBucket {
  static constexpr StateClass kStateClass = StateClass::hard;
  static constexpr unsigned kEntries = 9;

  std::uint16_t signature[kEntries];
  std::uint8_t used;
  std::uint8_t reserved;
  std::uint32_t reference[kEntries];  // slot << 1 | direction
  std::uint32_t overflow;             // overflow bucket + 1, or 0; while free: next free + 1
  std::uint32_t reserved1;
};
static_assert(sizeof(IndexBucket) == kLineBytes && std::is_trivially_copyable_v<IndexBucket>);

// The table's own bookkeeping: one line.
struct SessionTableControl {
  static constexpr StateClass kStateClass = StateClass::hard;

  std::uint32_t in_use;
  std::uint32_t free_slot;     // slot + 1, 0: none
  std::uint32_t fresh_slot;    // slots from here on were never used
  std::uint32_t free_bucket;   // overflow bucket + 1, 0: none
  std::uint32_t fresh_bucket;  // overflow buckets from here on were never used
  std::uint8_t reserved[44];
};
static_assert(sizeof(SessionTableControl) == kLineBytes);

// A session that was found, and by which of its tuples. Of both families' tables.
struct SessionMatch {
  static constexpr std::uint32_t kNone = 0xffff'ffff;

  std::uint32_t slot = kNone;
  Direction direction = Direction::forward;
  explicit operator bool() const { return slot != kNone; }
};

// Hash of buckets with signatures and overflow chains: O(1), no tombstones. A view: the region must outlive
// it. The owning worker writes; any thread may read while workers are quiesced.
template <class Key>
class BasicSessionTable {
 public:
  using Session = BasicSession<Key>;
  using Match = SessionMatch;
  static constexpr std::uint32_t kNone = SessionMatch::kNone;

  // Adds the roots "sessions.SHARD.*" ("sessions6" for IPv6) for at most `sessions_max` sessions (1 .. 2^30).
  static void add_roots(Layout& layout, unsigned shard, std::uint32_t sessions_max);

  BasicSessionTable(const Region& region, unsigned shard);

  [[nodiscard]] Match find(const Key& key) const;
  // As find, for `keys.size()` keys at once, whose trips to memory overlap. `matches` has room for as many.
  void find_burst(std::span<const Key> keys, std::span<Match> matches) const;
  // As find, where the caller has an idea from before the table may have changed.
  [[nodiscard]] Match find(const Key& key, Match expected) const {
    return is_match(key, expected) ? expected : find(key);
  }
  // Whether that session has `key` in that direction.
  [[nodiscard]] bool is_match(const Key& key, Match match) const {
    if (!match || sessions_[match.slot].state == SessionState::free) return false;
    return key_of(reference_of(match.slot, match.direction)) == key;
  }
  [[nodiscard]] const Session& at(std::uint32_t slot) const { return sessions_[slot]; }
  [[nodiscard]] std::uint32_t last_seen_s(std::uint32_t slot) const { return seen_[slot].last_seen_s; }
  [[nodiscard]] std::uint32_t in_use() const { return control_->in_use; }
  [[nodiscard]] std::uint32_t capacity() const { return capacity_; }
  // Slots below this one may be in use: the bound for a walk.
  [[nodiscard]] std::uint32_t slots_touched() const { return control_->fresh_slot; }

  // Adds a session under both keys, in state `opening`, created and seen now. kNone if the table or its
  // overflow buckets are full; nothing changed then. The caller has made sure that neither key is there.
  [[nodiscard]] std::uint32_t insert(Turn& turn, const Key& forward, const Key& reply);
  // Whether insert would succeed, after `erased` others were erased.
  [[nodiscard]] bool has_room_for(const Key& forward, const Key& reply, std::uint32_t erased = 0) const;
  void erase(Turn& turn, std::uint32_t slot);
  [[nodiscard]] Write<Session> edit(Turn& turn, std::uint32_t slot) { return {turn, sessions_[slot]}; }
  void prefetch_seen(std::uint32_t slot) const { __builtin_prefetch(&seen_[slot]); }
  // Notes that the session saw a packet, in steps.
  void touch(Turn& turn, std::uint32_t slot) {
    if (turn.now_s() - seen_[slot].last_seen_s < SessionSeen::kStepSeconds) return;
    touch_exactly(turn, slot);
  }
  void touch_exactly(Turn& turn, std::uint32_t slot) {
    Write<SessionSeen>(turn, seen_[slot])->last_seen_s = turn.now_s();
  }

 private:
  static constexpr unsigned kBurst = 32;

  struct Hash {
    std::uint32_t bucket;
    std::uint16_t signature;
  };
  [[nodiscard]] Hash hash(const Key& key) const;
  static std::uint32_t reference_of(std::uint32_t slot, Direction direction) {
    return slot << 1 | static_cast<std::uint32_t>(direction);
  }
  [[nodiscard]] const Key& key_of(std::uint32_t reference) const {
    const Session& session = sessions_[reference >> 1];
    return (reference & 1) == 0 ? session.forward : session.reply;
  }
  [[nodiscard]] Match find_in(const IndexBucket* bucket, std::uint16_t signature, const Key& key) const;
  void find_some(std::span<const Key> keys, Match* matches) const;
  [[nodiscard]] const IndexBucket* next(const IndexBucket& bucket) const {
    return bucket.overflow == 0 ? nullptr : &overflow_[bucket.overflow - 1];
  }
  [[nodiscard]] const IndexBucket& end_of_chain(const Key& key) const;
  [[nodiscard]] bool add_entry(Turn& turn, const Key& key, std::uint32_t reference);
  void remove_entry(Turn& turn, const Key& key, std::uint32_t reference);
  [[nodiscard]] std::uint32_t take_slot(Turn& turn);
  void give_slot(Turn& turn, std::uint32_t slot);
  [[nodiscard]] std::uint32_t take_bucket(Turn& turn);

  const Region* region_;
  const SessionTableControl* control_;
  const Session* sessions_;
  const SessionSeen* seen_;
  const IndexBucket* buckets_;
  const IndexBucket* overflow_;
  std::uint32_t capacity_;
  std::uint32_t bucket_mask_;
  std::uint32_t overflow_max_;
};

using SessionTable = BasicSessionTable<FlowKey>;
using SessionTable6 = BasicSessionTable<FlowKey6>;

}  // namespace stillwater::region
