#include "tests/fuzz/receiver_model.h"

#include <algorithm>
#include <cstring>

#include <xxhash.h>

#include "ckpt_engine/wire/lines.h"

namespace stillwater::fuzz {
namespace {

template <class T>
T read(wire::Bytes bytes, std::size_t at) {
  T out;
  std::memcpy(&out, bytes.data() + at, sizeof(T));
  return out;
}

region::Extent bytes_of(const wire::WireExtent& lines) {
  return {std::uint64_t{lines.first_line} * region::kLineBytes,
          std::uint64_t{lines.line_count} * region::kLineBytes};
}

}  // namespace

ReceiverModel::ReceiverModel(const region::Region& region, region::Extent protected_range)
    : size_(region.size()),
      soft_begin_(region.soft_begin()),
      protected_(protected_range),
      memory_(size_ - region::kDataOffset) {}

bool ReceiverModel::take(wire::Bytes piece) {
  stream_.insert(stream_.end(), piece.begin(), piece.end());
  for (;;) {
    const auto frame = wire::parse(stream_);
    if (!frame) return false;
    if (!frame->has_value()) return true;
    if (!judge(**frame)) return false;
    const std::size_t used = sizeof(wire::FrameHeader) + (*frame)->payload.size();
    stream_.erase(stream_.begin(), stream_.begin() + static_cast<std::ptrdiff_t>(used));
  }
}

bool ReceiverModel::judge(const wire::Frame& frame) {
  const bool filled = syncing_ || in_sync_;
  switch (frame.type) {
    case wire::Type::sync_begin:
      return frame.payload.size() == sizeof(wire::SyncBegin) &&
             sync_begins(read<wire::SyncBegin>(frame.payload, 0));
    case wire::Type::sync_lines:
      return syncing_ && checks_.empty() && write(frame.payload, region::kDataOffset, false);
    case wire::Type::soft:
      return in_sync_ && write(frame.payload, soft_begin_, false);
    case wire::Type::group: {
      if (!filled || !lines_of(frame.payload, region::kDataOffset, true)) return false;
      const auto header = read<wire::GroupHeader>(frame.payload, 0);
      if (!is_next(header.epoch) || header.index != checks_.size()) return false;
      open_epoch_ = header.epoch;
      checks_.push_back(frame.check);
      return write(frame.payload, region::kDataOffset, true);
    }
    case wire::Type::digest:
      return filled && take_digests(frame.payload);
    case wire::Type::commit:
      return frame.payload.size() == sizeof(wire::Commit) && commit(read<wire::Commit>(frame.payload, 0));
    case wire::Type::record:
      return frame.payload.size() == sizeof(wire::Record);
    case wire::Type::waiting:
    case wire::Type::config_built:
      return true;  // of when this node was to lead, or led: passed over
    case wire::Type::bye:
      return frame.payload.size() == sizeof(wire::Bye);
    default:
      return false;
  }
}

bool ReceiverModel::is_next(std::uint64_t epoch) const {
  return checks_.empty() ? epoch > committed_ && epoch < wire::kEpochEnd : epoch == open_epoch_;
}

bool ReceiverModel::sync_begins(const wire::SyncBegin& begin) {
  if (begin.region_id == region::RegionId{} || refuse_syncs_ || begin.committed_epoch >= wire::kEpochEnd)
    return false;
  if (begin.onto_held > 1) return false;
  if (begin.onto_held == 1) {
    if (!in_sync_ || begin.region_id != region_id_) return false;
    roll_back();
    in_sync_ = false;
  } else {
    empty();
  }
  syncing_ = true;
  region_id_ = begin.region_id;
  committed_ = begin.committed_epoch;
  term_ = term_at_connect_ = begin.term;
  return true;
}

bool ReceiverModel::commit(const wire::Commit& record) {
  const wire::Commit right = right_record();
  if (!syncing_ && !in_sync_) return false;
  if (record.region_id != region_id_ || record.term < term_at_connect_ || record.term > term_) return false;
  if (!is_next(record.epoch) || record.group_count != right.group_count || record.checksum != right.checksum)
    return false;
  if (record.region_now_ns < 0 || record.region_now_ns >= wire::kRegionNowEnd) return false;
  ++answers_;
  if (!copies_hold()) {
    empty();
    return true;
  }
  committed_ = record.epoch;
  checks_.clear();
  undo_.clear();
  digests_.clear();
  syncing_ = false;
  in_sync_ = true;
  return true;
}

wire::Commit ReceiverModel::right_record() const {
  return {.epoch = next_epoch(),
          .term = term_,
          .region_id = region_id_,
          .config_generation = 1,
          .region_now_ns = 1,
          .checksum = XXH3_64bits(checks_.data(), checks_.size() * sizeof(checks_[0])),
          .group_count = groups(),
          .reserved = 0};
}

bool ReceiverModel::take_digests(wire::Bytes payload) {
  if (payload.size() < sizeof(wire::DigestHeader)) return false;
  const auto header = read<wire::DigestHeader>(payload, 0);
  const std::size_t bytes = sizeof(header) + std::size_t{header.chunk_count} * sizeof(wire::ChunkDigest);
  if (!is_next(header.epoch) || header.chunk_count == 0 || payload.size() != bytes || !digests_.empty())
    return false;
  std::vector<wire::ChunkDigest> chunks;
  for (std::size_t at = sizeof(header); at < bytes; at += sizeof(wire::ChunkDigest))
    chunks.push_back(read<wire::ChunkDigest>(payload, at));
  std::uint64_t named_bytes = 0;
  for (const wire::ChunkDigest& c : chunks) {
    const region::Extent chunk = bytes_of(c.chunk);
    named_bytes += chunk.bytes;
    if (chunk.bytes == 0 || chunk.offset < region::kDataOffset || chunk.offset + chunk.bytes > soft_begin_)
      return false;
  }
  if (named_bytes > soft_begin_ - region::kDataOffset) return false;
  digests_ = std::move(chunks);
  return true;
}

bool ReceiverModel::copies_hold() const {
  return std::ranges::all_of(digests_, [&](const wire::ChunkDigest& c) {
    const region::Extent chunk = bytes_of(c.chunk);
    return region::overlap(chunk, protected_) ||
           wire::digest_of(wire::Bytes(memory_).subspan(chunk.offset - region::kDataOffset, chunk.bytes)) ==
               c.digest;
  });
}

bool ReceiverModel::may_write(const region::Extent& extent, std::uint64_t begin) const {
  const bool inside = extent.offset >= begin && extent.offset + extent.bytes <= size_;
  return extent.bytes > 0 && inside && !region::overlap(extent, protected_);
}

std::optional<ReceiverModel::Lines> ReceiverModel::lines_of(wire::Bytes payload, std::uint64_t begin,
                                                            bool against) const {
  if (payload.size() < sizeof(wire::GroupHeader)) return std::nullopt;
  const auto header = read<wire::GroupHeader>(payload, 0);
  if (header.line_count > wire::kLinesMax) return std::nullopt;
  if (header.encoding == wire::Encoding::packed) return packed_lines_of(payload, begin, against);
  if (header.encoding != wire::Encoding::as_they_are) return std::nullopt;
  const std::uint64_t list_bytes = std::uint64_t{header.extent_count} * sizeof(wire::WireExtent);
  if (list_bytes > payload.size() - sizeof(header)) return std::nullopt;
  const std::uint64_t data_bytes = payload.size() - sizeof(header) - list_bytes;
  Lines lines;
  std::uint64_t bytes = 0;
  for (std::uint64_t i = 0; i < header.extent_count; ++i) {
    const region::Extent extent =
        bytes_of(read<wire::WireExtent>(payload, payload.size() - list_bytes + i * sizeof(wire::WireExtent)));
    if (!may_write(extent, begin)) return std::nullopt;
    bytes += extent.bytes;
    lines.extents.push_back(extent);
  }
  if (bytes != data_bytes || bytes != std::uint64_t{header.line_count} * region::kLineBytes ||
      header.lines_check != 0)
    return std::nullopt;
  const auto from = payload.begin() + sizeof(header);
  lines.bytes.assign(from, from + static_cast<std::ptrdiff_t>(bytes));
  return lines;
}

// What they unpack to, the product says, which other tests hold to the format; what may be written, and when
// nothing at all is, is this model's.
std::optional<ReceiverModel::Lines> ReceiverModel::packed_lines_of(wire::Bytes payload, std::uint64_t begin,
                                                                   bool against) const {
  std::vector<std::byte> copy(payload.begin(), payload.end());
  const auto packed = wire::parse_lines(copy);
  if (!packed || !packed->agree) return std::nullopt;
  for (const region::Extent& extent : packed->extents)
    if (!may_write(extent, begin)) return std::nullopt;
  Lines lines{packed->extents, std::vector<std::byte>(packed->header.line_count * region::kLineBytes)};
  const std::byte* base = against ? memory_.data() - region::kDataOffset : nullptr;
  if (!wire::unpack(*packed, base, lines.bytes.data())) return std::nullopt;
  return lines;
}

bool ReceiverModel::write(wire::Bytes payload, std::uint64_t begin, bool keep_old) {
  const auto lines = lines_of(payload, begin, keep_old);
  if (!lines) return false;
  auto from = lines->bytes.begin();
  for (const region::Extent& extent : lines->extents) {
    const std::size_t at = extent.offset - region::kDataOffset;
    const std::span<std::byte> mine = std::span(memory_).subspan(at, extent.bytes);
    if (keep_old) undo_.push_back({at, {mine.begin(), mine.end()}});
    std::copy_n(from, extent.bytes, mine.begin());
    from += static_cast<std::ptrdiff_t>(extent.bytes);
  }
  return true;
}

void ReceiverModel::roll_back() {
  for (auto undo = undo_.rbegin(); undo != undo_.rend(); ++undo)
    std::ranges::copy(undo->old, memory_.begin() + static_cast<std::ptrdiff_t>(undo->at));
  undo_.clear();
  checks_.clear();
  digests_.clear();
}

void ReceiverModel::empty() {
  roll_back();
  std::ranges::fill(memory_, std::byte{});
  region_id_ = {};
  term_ = term_at_connect_ = committed_ = 0;
  syncing_ = in_sync_ = false;
}

void ReceiverModel::disconnected() {
  if (syncing_)
    empty();
  else
    roll_back();
  stream_.clear();
  answers_ = 0;
}

}  // namespace stillwater::fuzz
