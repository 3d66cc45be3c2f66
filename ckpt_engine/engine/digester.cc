#include "ckpt_engine/engine/digester.h"

#include <algorithm>
#include <cstring>

namespace stillwater::engine {

Digester::Digester(const region::Region& region)
    : region_(region), chunks_in_region_((region.soft_begin() - region::kDataOffset) / kChunkBytes) {
  chunks_.reserve(wire::kDigestChunksMax);
}

void Digester::digest(Nanos budget, const Clock& clock) {
  chunks_.clear();
  if (budget <= Nanos(0)) return;
  const Instant end = clock.now() + budget;
  const std::uint64_t most = std::min<std::uint64_t>(chunks_in_region_, wire::kDigestChunksMax);
  for (std::uint64_t i = 0; i < most && (i == 0 || clock.now() < end); ++i) {
    const std::uint64_t offset = region::kDataOffset + (next_ + i) % chunks_in_region_ * kChunkBytes;
    chunks_.push_back({{static_cast<std::uint32_t>(offset / region::kLineBytes),
                        static_cast<std::uint32_t>(kChunkBytes / region::kLineBytes)},
                       wire::digest_of({region_.base() + offset, kChunkBytes})});
  }
}

std::vector<std::byte> Digester::take_frame(std::uint64_t epoch) {
  const wire::DigestHeader header{epoch, static_cast<std::uint32_t>(chunks_.size()), 0};
  std::vector<std::byte> payload(sizeof(header) + chunks_.size() * sizeof(wire::ChunkDigest));
  std::memcpy(payload.data(), &header, sizeof(header));
  std::memcpy(payload.data() + sizeof(header), chunks_.data(), chunks_.size() * sizeof(wire::ChunkDigest));
  next_ += chunks_.size();
  if (next_ >= chunks_in_region_) ++rounds_;
  next_ %= chunks_in_region_;
  chunks_.clear();
  return wire::make_frame(wire::Type::digest, wire::Bytes(payload));
}

}  // namespace stillwater::engine
