// Digests of the live region, a few chunks a blackout, round and round: what the standby compares its copy
// with finds any write that no checkpoint carried, whatever the tracker.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "ckpt_engine/region/region.h"
#include "ckpt_engine/wire/frame.h"

namespace stillwater::engine {

// Over the hard part: soft lines may differ. `region` outlives it. One control thread.
class Digester {
 public:
  static constexpr std::uint64_t kChunkBytes = region::kPageBytes;

  explicit Digester(const region::Region& region);

  // Digests chunks, one at least, until `budget` has passed, a frame is full, or each was digested once. The
  // budget is looked at after each chunk; zero: none. Workers stand still. Allocates nothing.
  void digest(Nanos budget, const Clock& clock);
  // An epoch that is not shipped: the same chunks are digested again.
  void forget() { chunks_.clear(); }

  [[nodiscard]] bool is_empty() const { return chunks_.empty(); }
  // What was digested, as the frame that goes before the epoch's commit record. The next chunks follow.
  [[nodiscard]] std::vector<std::byte> take_frame(std::uint64_t epoch);
  // Times that every chunk was in a frame.
  [[nodiscard]] std::uint64_t rounds() const { return rounds_; }

 private:
  const region::Region& region_;
  std::uint64_t chunks_in_region_;
  std::uint64_t next_ = 0;
  std::uint64_t rounds_ = 0;
  std::vector<wire::ChunkDigest> chunks_;
};

}  // namespace stillwater::engine
