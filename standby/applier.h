// Applies checkpoints in parallel with their transmission, by swapping (mission P3, P4, P6, P7).
//
// Invariant: to anyone who looks after `commit` or `roll_back`, the region is one whole epoch.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "ckpt_engine/region/region.h"
#include "ckpt_engine/wire/lines.h"
#include "standby/swap.h"

namespace stillwater::standby {

// One control thread. Lines that `apply` swapped in stay where they are, in the payload or in the room that
// it took, until the epoch's fate is decided: after it they hold the old bytes and are the undo log.
class Applier {
 public:
  // `protected_ranges` are never written, whoever asks (D4); pages 0 and 1 always belong to them.
  Applier(region::Region& region, std::vector<region::Extent> protected_ranges);

  // Swaps one group in. A group that is malformed, out of order, of another epoch, or touches what it must
  // not is refused whole: the region is as before. Packed lines are unpacked to the end of `room`, which is
  // reserved memory (P2). Returns how much of it was taken; none: the payload itself is the undo log.
  [[nodiscard]] Result<std::size_t> apply(std::span<std::byte> payload, std::uint64_t check,
                                          std::span<std::byte> room);

  // Copies lines into a region that holds nothing yet (first sync), or soft lines at any time. `room` is free
  // again afterwards.
  [[nodiscard]] Status copy_in(std::span<std::byte> payload, bool soft_only, std::span<std::byte> room);

  // Whether the record is that of the epoch that was applied.
  [[nodiscard]] Status matches(const wire::Commit& record) const;
  // The epoch is whole if the record matches what was applied; the undo log may go. Otherwise nothing
  // changes.
  [[nodiscard]] Status commit(const wire::Commit& record);

  // Undoes what was swapped since the last commit, last group first.
  void roll_back();

  [[nodiscard]] std::size_t groups_applied() const { return groups_.size(); }
  [[nodiscard]] std::uint64_t committed() const { return committed_; }
  // Whether that may be the epoch that is open, or that opens next.
  [[nodiscard]] bool is_next(std::uint64_t epoch) const {
    return groups_.empty() ? epoch > committed_ && epoch < wire::kEpochEnd : epoch == open_epoch_;
  }
  void start_from(std::uint64_t committed_epoch) { committed_ = committed_epoch; }

 private:
  // Whole lines, and where they belong.
  struct Lines {
    std::byte* data;
    std::vector<region::Extent> extents;
  };
  // Every extent lies where a transfer may write, from `begin` on.
  [[nodiscard]] Result<wire::Lines> checked(std::span<std::byte> payload, std::uint64_t begin) const;
  // `base`: as wire::unpack says.
  [[nodiscard]] static Result<Lines> unpacked(wire::Lines& lines, const std::byte* base,
                                              std::span<std::byte> room);
  [[nodiscard]] Status is_next_group(const wire::GroupHeader& header) const;
  [[nodiscard]] bool touches_protected(const region::Extent& extent) const;

  region::Region& region_;
  std::vector<region::Extent> protected_;
  std::uint64_t committed_ = 0;
  std::uint64_t open_epoch_ = 0;  // of the groups
  std::vector<Lines> groups_;
  std::vector<std::uint64_t> checks_;
};

}  // namespace stillwater::standby
