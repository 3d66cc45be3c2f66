#include "dataplane/datapath/steering/brought_frames.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace stillwater::dataplane {
namespace {

// Never 0, which is no frame.
std::uint64_t hash_of(std::uint16_t port, std::span<const std::byte> bytes) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), port) | 1;
}

}  // namespace

BroughtFrames::BroughtFrames() : sets_(kSets), oldest_(kSets) { forget(); }

void BroughtFrames::forget() {
  for (Set& set : sets_)
    for (auto& hash : set.hashes) hash.store(kNone, std::memory_order_relaxed);
}

void BroughtFrames::add(std::uint16_t port, std::span<const std::byte> bytes) {
  const std::uint64_t hash = hash_of(port, bytes);
  const std::size_t set = hash >> 32 & (kSets - 1);
  sets_[set].hashes[oldest_[set]].store(hash, std::memory_order_release);
  oldest_[set] = static_cast<std::uint8_t>((oldest_[set] + 1) % kWays);
}

bool BroughtFrames::take(std::uint16_t port, std::span<const std::byte> bytes) {
  const std::uint64_t hash = hash_of(port, bytes);
  for (auto& way : sets_[hash >> 32 & (kSets - 1)].hashes) {
    std::uint64_t seen = hash;
    if (way.compare_exchange_strong(seen, kNone, std::memory_order_acquire)) return true;
  }
  return false;
}

}  // namespace stillwater::dataplane
