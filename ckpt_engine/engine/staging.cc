#include "ckpt_engine/engine/staging.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "ckpt_engine/engine/shipment.h"

namespace stillwater::engine {
namespace {

using region::kLineBytes;
constexpr std::size_t kFrameOverhead = sizeof(wire::FrameHeader) + sizeof(wire::GroupHeader);
// Of one line that has an extent of its own; the frames' overhead is spread over kLinesPerGroup lines.
constexpr std::size_t kLineCost = kLineBytes + sizeof(wire::WireExtent) + 1;
// How far ahead of the copy lines are fetched: each is in the writer's cache, and its page in nobody's TLB.
constexpr std::ptrdiff_t kLinesAhead = 24;
static_assert(kFrameOverhead <= Staging::kLinesPerGroup);

}  // namespace

std::vector<std::vector<region::Extent>> portions_of(std::span<const region::Extent> extents,
                                                     std::uint64_t lines_max) {
  std::vector<std::vector<region::Extent>> portions;
  std::uint64_t room = 0;
  for (region::Extent e : extents) {
    while (e.bytes > 0) {
      if (room == 0) {
        portions.emplace_back();
        room = lines_max * kLineBytes;
      }
      const std::uint64_t take = std::min(e.bytes, room);
      portions.back().push_back({e.offset, take});
      e = {e.offset + take, e.bytes - take};
      room -= take;
    }
  }
  return portions;
}

Result<Staging> Staging::create(std::size_t bytes) {
  return LockedMemory::create(bytes + Shipment::bytes_for(bytes), "staging").map([&](LockedMemory memory) {
    return Staging(std::move(memory), bytes);
  });
}

Staging::Staging(LockedMemory memory, std::size_t bytes) : memory_(std::move(memory)), bytes_(bytes) {
  frames_.reserve(bytes_ / (kLinesPerGroup * kLineBytes) + 2);
  extents_.reserve(kLinesPerGroup);
}

std::uint64_t Staging::lines_max() const {
  constexpr std::size_t kAtLeast = 3 * kFrameOverhead;
  return bytes_ < kAtLeast + kLineCost ? 1 : (bytes_ - kAtLeast) / kLineCost;
}

bool Staging::gather(const region::Region& region, std::span<const region::Extent> extents,
                     std::uint64_t epoch, std::uint32_t first_index) {
  frames_.clear();
  lines_ = 0;
  std::uint64_t lines = 0;
  for (const region::Extent& e : extents) lines += e.bytes / kLineBytes;
  if (lines == 0) return true;
  const std::uint64_t groups =
      std::max<std::uint64_t>(lines > 1 ? 2 : 1, (lines + kLinesPerGroup - 1) / kLinesPerGroup);
  const std::uint64_t per_group = (lines + groups - 1) / groups;
  if (lines * (kLineBytes + sizeof(wire::WireExtent)) + (groups + 1) * kFrameOverhead > bytes_) return false;

  std::byte* frame = memory_.bytes().data();
  std::byte* at = frame + kFrameOverhead;
  std::uint64_t room = per_group;
  extents_.clear();
  const auto close_group = [&] {
    frame = end_group(frame, at,
                      {.epoch = epoch,
                       .index = first_index++,
                       .extent_count = static_cast<std::uint32_t>(extents_.size()),
                       .line_count = static_cast<std::uint32_t>(per_group - room),
                       .encoding = wire::Encoding::as_they_are,
                       .lines_check = 0});
    at = frame + kFrameOverhead;
    room = per_group;
  };
  const region::Extent* const last = extents.data() + extents.size();
  for (const region::Extent* next = extents.data(); next != last; ++next) {
    if (last - next > kLinesAhead) __builtin_prefetch(region.base() + next[kLinesAhead].offset);
    region::Extent e = *next;
    while (e.bytes > 0) {
      const std::uint64_t take = std::min(e.bytes, room * kLineBytes);
      if (take == kLineBytes)  // most are: a size that is known needs no call
        std::memcpy(at, region.base() + e.offset, kLineBytes);
      else
        std::memcpy(at, region.base() + e.offset, take);
      at += take;
      extents_.push_back(
          {static_cast<std::uint32_t>(e.offset / kLineBytes), static_cast<std::uint32_t>(take / kLineBytes)});
      e = {e.offset + take, e.bytes - take};
      room -= take / kLineBytes;
      if (room == 0) close_group();
    }
  }
  if (!extents_.empty()) close_group();
  lines_ = lines;
  return true;
}

// Writes the extent array behind the lines and the group's header before them; returns where the next begins.
std::byte* Staging::end_group(std::byte* frame, std::byte* lines_end, const wire::GroupHeader& header) {
  const std::size_t array_bytes = extents_.size() * sizeof(wire::WireExtent);
  std::memcpy(lines_end, extents_.data(), array_bytes);
  std::memcpy(frame + sizeof(wire::FrameHeader), &header, sizeof(header));
  std::byte* end = lines_end + array_bytes;
  frames_.emplace_back(frame, end);
  extents_.clear();
  return end;
}

std::span<const std::span<std::byte>> Staging::seal(wire::Type type) {
  for (std::span<std::byte> frame : frames_) {
    wire::FrameHeader header;
    wire::seal(header, type, frame.subspan(sizeof(header)));
    std::memcpy(frame.data(), &header, sizeof(header));
  }
  return frames_;
}

}  // namespace stillwater::engine
