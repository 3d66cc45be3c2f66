// Sessions of one worker, found by the tuple of either direction.
#pragma once

#include <cstdint>
#include <string>

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

// Hash of buckets with signatures and overflow chains: O(1), no tombstones. A view: the region must outlive
// it. The owning worker writes; any thread may read while workers are quiesced.
class SessionTable {
 public:
  static constexpr std::uint32_t kNone = 0xffff'ffff;

  struct Match {
    std::uint32_t slot = kNone;
    Direction direction = Direction::forward;
    explicit operator bool() const { return slot != kNone; }
  };

  // Adds the roots "sessions.SHARD.*" for at most `sessions_max` sessions (1 .. 2^30).
  static void add_roots(Layout& layout, unsigned shard, std::uint32_t sessions_max);

  SessionTable(const Region& region, unsigned shard);

  [[nodiscard]] Match find(const FlowKey& key) const;
  [[nodiscard]] const Session& at(std::uint32_t slot) const { return sessions_[slot]; }
  [[nodiscard]] std::uint32_t last_seen_s(std::uint32_t slot) const { return seen_[slot].last_seen_s; }
  [[nodiscard]] std::uint32_t in_use() const { return control_->in_use; }
  [[nodiscard]] std::uint32_t capacity() const { return capacity_; }
  // Slots below this one may be in use: the bound for a walk.
  [[nodiscard]] std::uint32_t slots_touched() const { return control_->fresh_slot; }

  // Adds a session under both keys, in state `opening`, created and seen now. kNone if the table or its
  // overflow buckets are full; nothing changed then. The caller has made sure that neither key is there.
  [[nodiscard]] std::uint32_t insert(Turn& turn, const FlowKey& forward, const FlowKey& reply);
  void erase(Turn& turn, std::uint32_t slot);
  [[nodiscard]] Write<Session> edit(Turn& turn, std::uint32_t slot) { return {turn, sessions_[slot]}; }
  // Notes that the session saw a packet.
  void touch(Turn& turn, std::uint32_t slot) {
    if (turn.now_s() - seen_[slot].last_seen_s < SessionSeen::kStepSeconds) return;
    Write<SessionSeen>(turn, seen_[slot])->last_seen_s = turn.now_s();
  }

 private:
  struct Hash {
    std::uint32_t bucket;
    std::uint16_t signature;
  };
  [[nodiscard]] Hash hash(const FlowKey& key) const;
  [[nodiscard]] const FlowKey& key_of(std::uint32_t reference) const;
  [[nodiscard]] const IndexBucket* next(const IndexBucket& bucket) const {
    return bucket.overflow == 0 ? nullptr : &overflow_[bucket.overflow - 1];
  }
  [[nodiscard]] bool add_entry(Turn& turn, const FlowKey& key, std::uint32_t reference);
  void remove_entry(Turn& turn, const FlowKey& key, std::uint32_t reference);
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

}  // namespace stillwater::region
