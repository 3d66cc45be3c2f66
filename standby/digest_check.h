// The standby's side of digests: what the active says of its memory, compared with the copy at the commit.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "ckpt_engine/region/region.h"
#include "ckpt_engine/wire/frame.h"

namespace stillwater::standby {

// One control thread.
class DigestCheck {
 public:
  // Chunks that reach into `protected_ranges` are not compared: there the two sides may differ.
  DigestCheck(const region::Region& region, std::vector<region::Extent> protected_ranges);

  // Keeps a digest frame's chunks until the commit of its epoch, which `is_next`. A frame that is malformed,
  // of another epoch, a second one, about memory that no digest covers, or about more of it than there is
  // (hashing would take as long as it likes) is refused whole.
  [[nodiscard]] Status take(std::span<const std::byte> payload,
                            const std::function<bool(std::uint64_t epoch)>& is_next);

  // Every group of the epoch is applied: the first chunk whose bytes are others, or nullopt.
  [[nodiscard]] std::optional<region::Extent> first_difference() const;
  // The epoch's fate is decided.
  void forget() { chunks_.clear(); }

 private:
  [[nodiscard]] bool is_protected(const region::Extent& chunk) const;

  const region::Region& region_;
  std::vector<region::Extent> protected_;
  std::vector<wire::ChunkDigest> chunks_;
};

}  // namespace stillwater::standby
