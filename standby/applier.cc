#include "standby/applier.h"

#include <algorithm>
#include <cstring>

#include <xxhash.h>

namespace stillwater::standby {

using region::Extent;
using region::kLineBytes;

Applier::Applier(region::Region& region, std::vector<Extent> protected_ranges)
    : region_(region), protected_(std::move(protected_ranges)) {}

bool Applier::touches_protected(const Extent& e) const {
  return std::ranges::any_of(protected_, [&](const Extent& p) { return region::overlap(e, p); });
}

Result<wire::Lines> Applier::checked(std::span<std::byte> payload, std::uint64_t begin) const {
  auto lines = wire::parse_lines(payload);
  if (!lines) return lines;
  for (const Extent& extent : lines->extents) {
    if (extent.bytes == 0 || extent.offset < begin || extent.offset + extent.bytes > region_.size())
      return fail(Errc::refused, "a transfer reaches outside the memory it may write");
    if (touches_protected(extent)) return fail(Errc::refused, "a transfer touches protected memory");
  }
  if (!lines->agree) return fail(Errc::protocol, "a group's extents and its bytes do not agree");
  return lines;
}

Result<Applier::Lines> Applier::unpacked(wire::Lines& lines, const std::byte* base,
                                         std::span<std::byte> room) {
  if (lines.header.encoding == wire::Encoding::as_they_are)
    return Lines{lines.bytes.data(), std::move(lines.extents)};
  const std::size_t bytes = lines.header.line_count * kLineBytes;
  if (bytes > room.size())
    return fail(Errc::resource_exhausted, "an epoch is larger than the memory reserved for received groups");
  std::byte* const data = room.last(bytes).data();
  return wire::unpack(lines, base, data).map([&] { return Lines{data, std::move(lines.extents)}; });
}

// The active does not use the number of an epoch again that it had to ship anew, so numbers may be left out.
Status Applier::is_next_group(const wire::GroupHeader& header) const {
  if (!is_next(header.epoch))
    return fail(Errc::protocol, "a group of epoch " + std::to_string(header.epoch) + " arrived, " +
                                    (groups_.empty() ? "committed is " + std::to_string(committed_)
                                                     : "open is " + std::to_string(open_epoch_)));
  if (header.index != groups_.size())
    return fail(Errc::protocol, "group " + std::to_string(header.index) + " arrived, group " +
                                    std::to_string(groups_.size()) + " is next");
  return {};
}

Result<std::size_t> Applier::apply(std::span<std::byte> payload, std::uint64_t check,
                                   std::span<std::byte> room) {
  auto arrived = checked(payload, region::kDataOffset);
  if (!arrived) return tl::unexpected(arrived.error());
  if (Status next = is_next_group(arrived->header); !next) return tl::unexpected(next.error());
  for (const Extent& extent : arrived->extents) __builtin_prefetch(region_.base() + extent.offset, 1);
  auto lines = unpacked(*arrived, region_.base(), room);
  if (!lines) return tl::unexpected(lines.error());
  std::byte* theirs = lines->data;
  for (const Extent& extent : lines->extents) {
    swap_lines(region_.base() + extent.offset, theirs, extent.bytes);
    theirs += extent.bytes;
  }
  open_epoch_ = arrived->header.epoch;
  groups_.push_back(std::move(*lines));
  checks_.push_back(check);
  const bool is_in_room = arrived->header.encoding == wire::Encoding::packed;
  return is_in_room ? arrived->header.line_count * kLineBytes : 0;
}

Status Applier::copy_in(std::span<std::byte> payload, bool soft_only, std::span<std::byte> room) {
  auto arrived = checked(payload, soft_only ? region_.soft_begin() : region::kDataOffset);
  if (!arrived) return tl::unexpected(arrived.error());
  const auto lines = unpacked(*arrived, nullptr, room);
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
  if (record.region_now_ns < 0 || record.region_now_ns >= wire::kRegionNowEnd)
    return fail(Errc::protocol, "a commit record's region clock says " +
                                    std::to_string(record.region_now_ns) + " ns, which no region lives");
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

// Clang 14, which builds the fuzzers, does not know libstdc++'s views: hence the iterators.
// Within a group the last extent goes first as well: where two extents overlap, order is what restores both.
void Applier::roll_back() {
  for (auto lines = groups_.rbegin(); lines != groups_.rend(); ++lines) {
    std::byte* end = lines->data;
    for (const Extent& extent : lines->extents) end += extent.bytes;
    for (auto extent = lines->extents.rbegin(); extent != lines->extents.rend(); ++extent) {
      end -= extent->bytes;
      swap_lines(region_.base() + extent->offset, end, extent->bytes);
    }
  }
  groups_.clear();
  checks_.clear();
}

}  // namespace stillwater::standby
