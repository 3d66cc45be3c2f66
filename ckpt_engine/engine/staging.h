// Where a blackout's lines are copied: reserved memory, laid out as the frames that will be sent.
#pragma once

#include <span>
#include <vector>

#include "base/locked_memory.h"
#include "base/result.h"
#include "ckpt_engine/region/region.h"
#include "ckpt_engine/trackers/tracker.h"
#include "ckpt_engine/wire/frame.h"

namespace stillwater::engine {

// The extents in order, cut so that no portion has more than `lines_max` lines.
[[nodiscard]] std::vector<std::vector<region::Extent>> portions_of(std::span<const region::Extent> extents,
                                                                   std::uint64_t lines_max);

// Owns memory that is never part of a region (mission M1). One control thread.
class Staging {
 public:
  static constexpr std::uint32_t kLinesPerGroup = 1024;

  // `bytes` of staging; what a shipment needs to pack from it (shipment.h) comes on top.
  [[nodiscard]] static Result<Staging> create(std::size_t bytes);
  [[nodiscard]] const Status& locked() const { return memory_.locked(); }
  [[nodiscard]] std::span<std::byte> shipment_memory() const { return memory_.bytes().subspan(bytes_); }

  // Copies the extents' lines, divided into two or more groups (P1) if there are two or more lines. False if
  // they do not fit: nothing is staged then. Group numbers go on from `first_index`.
  [[nodiscard]] bool gather(const region::Region& region, std::span<const region::Extent> extents,
                            std::uint64_t epoch, std::uint32_t first_index);
  // The same while workers write: lines may be torn. For what a later round has again, and for soft lines.
  [[nodiscard]] bool gather_live(const region::Region& region, std::span<const region::Extent> extents,
                                 std::uint64_t epoch, std::uint32_t first_index) {
    return gather(region, extents, epoch, first_index);
  }

  // The frames, one a group, in sending order, one right behind the other; their lines as they are.
  [[nodiscard]] std::span<const std::span<std::byte>> frames() const { return frames_; }
  // The same with their headers and checks.
  [[nodiscard]] std::span<const std::span<std::byte>> seal(wire::Type type);

  [[nodiscard]] std::uint64_t lines() const { return lines_; }
  // As many lines always fit, however scattered they are.
  [[nodiscard]] std::uint64_t lines_max() const;

 private:
  Staging(LockedMemory memory, std::size_t bytes);
  std::byte* end_group(std::byte* frame, std::byte* lines_end, const wire::GroupHeader& header);

  LockedMemory memory_;
  std::size_t bytes_;
  std::uint64_t lines_ = 0;
  std::vector<std::span<std::byte>> frames_;
  std::vector<wire::WireExtent> extents_;  // of the group that is being gathered
};

}  // namespace stillwater::engine
