#include "standby/digest_check.h"

#include <algorithm>
#include <cstring>

namespace stillwater::standby {
namespace {

using region::Extent;
using region::kLineBytes;

Extent extent_of(const wire::WireExtent& chunk) {
  return {std::uint64_t{chunk.first_line} * kLineBytes, std::uint64_t{chunk.line_count} * kLineBytes};
}

}  // namespace

DigestCheck::DigestCheck(const region::Region& region, std::vector<Extent> protected_ranges)
    : region_(region), protected_(std::move(protected_ranges)) {
  chunks_.reserve(wire::kDigestChunksMax);
}

Status DigestCheck::take(std::span<const std::byte> payload,
                         const std::function<bool(std::uint64_t epoch)>& is_next) {
  wire::DigestHeader header;
  if (payload.size() < sizeof(header)) return fail(Errc::protocol, "a digest is too short");
  std::memcpy(&header, payload.data(), sizeof(header));
  payload = payload.subspan(sizeof(header));
  if (!is_next(header.epoch))
    return fail(Errc::protocol, "a digest of epoch " + std::to_string(header.epoch) + ", which is not next");
  if (header.chunk_count == 0 || payload.size() != header.chunk_count * sizeof(wire::ChunkDigest))
    return fail(Errc::protocol, "a digest's chunks and its bytes do not agree");
  if (!chunks_.empty()) return fail(Errc::protocol, "an epoch has two digests");
  std::vector<wire::ChunkDigest> chunks(header.chunk_count);
  std::memcpy(chunks.data(), payload.data(), payload.size());
  std::uint64_t named_bytes = 0;
  for (const wire::ChunkDigest& c : chunks) {
    const Extent chunk = extent_of(c.chunk);
    named_bytes += chunk.bytes;
    if (chunk.bytes == 0 || chunk.offset < region::kDataOffset ||
        chunk.offset + chunk.bytes > region_.soft_begin())
      return fail(Errc::refused, "a digest is about memory that digests do not cover");
  }
  if (named_bytes > region_.soft_begin() - region::kDataOffset)
    return fail(Errc::refused, "a digest names more memory than there is: no active digests a chunk twice");
  chunks_.assign(chunks.begin(), chunks.end());
  return {};
}

bool DigestCheck::is_protected(const Extent& chunk) const {
  return std::ranges::any_of(protected_, [&](const Extent& p) { return region::overlap(chunk, p); });
}

std::optional<Extent> DigestCheck::first_difference() const {
  for (const wire::ChunkDigest& c : chunks_) {
    const Extent chunk = extent_of(c.chunk);
    if (is_protected(chunk)) continue;
    if (wire::digest_of({region_.base() + chunk.offset, chunk.bytes}) != c.digest) return chunk;
  }
  return std::nullopt;
}

}  // namespace stillwater::standby
