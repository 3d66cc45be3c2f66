// How far the mirroring of a region has come: one state, advanced in one order (mission M1, M3-M5, M7).
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace stillwater::engine {

enum class MirrorState : std::uint8_t {
  reserved,    // staging and tracker are there, outside what is mirrored; the region is nobody's yet
  loaded,      // the region holds what this node leads with
  tracking,    // writes to it are seen; no copy of it counts
  brownout,    // what changed is copied while forwarding runs
  blackout,    // the workers are stopped for the last lines
  committing,  // forwarding runs; the standby has not acknowledged yet
  mirrored,    // the standby holds the last committed epoch whole
  terminated,  // a last checkpoint was committed, and the workers stay stopped
};

[[nodiscard]] const char* name_of(MirrorState state);

// The order: reserved, loaded, tracking, then again and again brownout (rounds 1, 2, ...; none where little
// changed, but for the first sync, which needs one), blackout, committing, mirrored; after a last checkpoint
// terminated. A step out of order changes nothing and is failed_precondition, naming both. One thread.
class Mirror {
 public:
  [[nodiscard]] MirrorState state() const { return state_; }
  // A standby has acknowledged, and was not lost since.
  [[nodiscard]] bool is_valid() const { return valid_; }

  [[nodiscard]] Status load() { return advance(MirrorState::loaded); }
  [[nodiscard]] Status track() { return advance(MirrorState::tracking); }
  // The next round of the brownout. Errors: also resource_exhausted past `rounds_max` (M4).
  [[nodiscard]] Status begin_round(unsigned rounds_max);
  [[nodiscard]] Status stop() { return advance(MirrorState::blackout); }
  [[nodiscard]] Status commit() { return advance(MirrorState::committing); }
  [[nodiscard]] Status acknowledge();
  [[nodiscard]] Status terminate() { return advance(MirrorState::terminated); }

  // An epoch was given up, and is to be shipped anew: the mirror is what it was before.
  void give_up();
  // The peer holds what was loaded already: it handed it over. From tracking on.
  void adopt();
  // The standby is lost: no copy counts until everything was sent again (M7).
  void invalidate();

  // Of the brownout that runs, for whoever looks on; 0 in any other state.
  [[nodiscard]] unsigned round() const { return state_ == MirrorState::brownout ? round_ : 0; }
  [[nodiscard]] std::uint64_t left_bytes() const { return state_ == MirrorState::brownout ? left_bytes_ : 0; }
  void set_left(std::uint64_t bytes) { left_bytes_ = bytes; }

  // "mirrored", or "brownout, round 2, 384 KiB left".
  [[nodiscard]] std::string text() const;

 private:
  [[nodiscard]] Status advance(MirrorState to);
  [[nodiscard]] bool may_follow(MirrorState to) const;

  MirrorState state_ = MirrorState::reserved;
  bool valid_ = false;
  unsigned round_ = 0;
  std::uint64_t left_bytes_ = 0;
};

}  // namespace stillwater::engine
