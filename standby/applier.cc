#include "standby/applier.h"

#include <algorithm>
#include <cstring>
#include <ranges>

#include <xxhash.h>

namespace stillwater::standby {

using region::Extent;
using region::kLineBytes;

Applier::Applier(region::Region& region, std::vector<Extent> protected_ranges)
    : region_(region), protected_(std::move(protected_ranges)) {}

bool Applier::touches_protected(const Extent& e) const {
  return std::ranges::any_of(protected_, [&](const Extent& p) { return region::overlap(e, p); });
}

Result<Applier::Lines> Applier::check_lines(std::span<std::byte> payload, std::uint64_t begin) const {
  wire::GroupHeader header;
  if (payload.size() < sizeof(header)) return fail(Errc::protocol, "a group is too short");
  std::memcpy(&header, payload.data(), sizeof(header));
  payload = payload.subspan(sizeof(header));
  if (header.extent_count > payload.size() / sizeof(wire::WireExtent))
    return fail(Errc::protocol, "a group says more extents than it has");
  const std::size_t data_bytes = payload.size() - header.extent_count * sizeof(wire::WireExtent);

  Lines lines{payload.data(), {}};
  lines.extents.reserve(header.extent_count);
  std::uint64_t bytes = 0;
  for (std::uint32_t i = 0; i < header.extent_count; ++i) {
    wire::WireExtent on_wire;
    std::memcpy(&on_wire, payload.data() + data_bytes + i * sizeof(on_wire), sizeof(on_wire));
    const Extent extent{std::uint64_t{on_wire.first_line} * kLineBytes,
                        std::uint64_t{on_wire.line_count} * kLineBytes};
    if (extent.bytes == 0 || extent.offset < begin || extent.offset + extent.bytes > region_.size())
      return fail(Errc::refused, "a transfer reaches outside the memory it may write");
    if (touches_protected(extent)) return fail(Errc::refused, "a transfer touches protected memory");
    bytes += extent.bytes;
    lines.extents.push_back(extent);
  }
  if (bytes != data_bytes) return fail(Errc::protocol, "a group's extents and its bytes do not agree");
  return lines;
}

Status Applier::apply(std::span<std::byte> payload, std::uint64_t check) {
  auto lines = check_lines(payload, region::kDataOffset);
  if (!lines) return tl::unexpected(lines.error());
  wire::GroupHeader header;
  std::memcpy(&header, payload.data(), sizeof(header));
  // The active does not use the number of an epoch again that it had to ship anew, so numbers may be left
  // out.
  if (!is_next(header.epoch))
    return fail(Errc::protocol, "a group of epoch " + std::to_string(header.epoch) + " arrived, " +
                                    (groups_.empty() ? "committed is " + std::to_string(committed_)
                                                     : "open is " + std::to_string(open_epoch_)));
  if (header.index != groups_.size())
    return fail(Errc::protocol, "group " + std::to_string(header.index) + " arrived, group " +
                                    std::to_string(groups_.size()) + " is next");
  std::byte* theirs = lines->data;
  for (const Extent& extent : lines->extents) {
    swap_lines(region_.base() + extent.offset, theirs, extent.bytes);
    theirs += extent.bytes;
  }
  open_epoch_ = header.epoch;
  groups_.push_back(std::move(*lines));
  checks_.push_back(check);
  return {};
}

Status Applier::copy_in(std::span<std::byte> payload, bool soft_only) {
  auto lines = check_lines(payload, soft_only ? region_.soft_begin() : region::kDataOffset);
  if (!lines) return tl::unexpected(lines.error());
  const std::byte* theirs = lines->data;
  for (const Extent& extent : lines->extents) {
    std::memcpy(region_.base() + extent.offset, theirs, extent.bytes);
    theirs += extent.bytes;
  }
  return {};
}

Status Applier::matches(const wire::Commit& record) const {
  if (!is_next(record.epoch))
    return fail(Errc::protocol, "a commit record of epoch " + std::to_string(record.epoch) + " arrived, " +
                                    (groups_.empty() ? "committed is " + std::to_string(committed_)
                                                     : "open is " + std::to_string(open_epoch_)));
  if (record.group_count != groups_.size())
    return fail(Errc::protocol, "a commit record names " + std::to_string(record.group_count) + " groups, " +
                                    std::to_string(groups_.size()) + " were applied");
  if (record.checksum != XXH3_64bits(checks_.data(), checks_.size() * sizeof(checks_[0])))
    return fail(Errc::corrupt, "a commit record's checksum does not match its groups");
  return {};
}

Status Applier::commit(const wire::Commit& record) {
  if (Status matched = matches(record); !matched) return matched;
  committed_ = record.epoch;
  groups_.clear();
  checks_.clear();
  region_.set_epoch(record.epoch);
  region_.set_config_generation(record.config_generation);
  region_.set_region_now(Nanos(record.region_now_ns));
  return {};
}

// Within a group the last extent goes first as well: where two extents overlap, order is what restores both.
void Applier::roll_back() {
  for (Lines& lines : groups_ | std::views::reverse) {
    std::byte* end = lines.data;
    for (const Extent& extent : lines.extents) end += extent.bytes;
    for (const Extent& extent : lines.extents | std::views::reverse) {
      end -= extent.bytes;
      swap_lines(region_.base() + extent.offset, end, extent.bytes);
    }
  }
  groups_.clear();
  checks_.clear();
}

}  // namespace stillwater::standby
