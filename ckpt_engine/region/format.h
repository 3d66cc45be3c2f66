// The region's bytes, as REGION_FORMAT.md describes them. Little-endian; packet fields as on the wire.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace stillwater::region {

inline constexpr std::size_t kLineBytes = 64;
inline constexpr std::size_t kPageBytes = 4096;
inline constexpr std::array<char, 8> kMagic = {'S', 'W', 'R', 'E', 'G', 'I', 'O', 'N'};
inline constexpr std::uint32_t kFormatVersion = 3;
inline constexpr std::size_t kRootsMax = 126;  // as many as fit into the header's pages

using RegionId = std::array<std::uint8_t, 16>;

// A run of bytes of the region, from its start.
struct Extent {
  std::uint64_t offset;
  std::uint64_t bytes;
  friend bool operator==(const Extent&, const Extent&) = default;
};
[[nodiscard]] constexpr bool overlap(const Extent& a, const Extent& b) {
  return a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

// Hard state decides what a peer may be told and is carried by every checkpoint; soft state may be stale.
enum class StateClass : std::uint32_t { hard = 1, soft = 2 };

struct RootEntry {
  std::array<char, 24> name;  // zero-padded
  std::uint64_t offset;       // from the region's start, a multiple of kPageBytes
  std::uint64_t bytes;
  StateClass state_class;
  std::uint32_t record_bytes;  // size of one record: part of the layout digest
  std::array<std::uint8_t, 16> reserved;
};
static_assert(sizeof(RootEntry) == 64 && std::is_trivially_copyable_v<RootEntry>);

// Pages 0 and 1. Never shipped: the handshake compares `layout_digest`, and commit records carry the stamp.
struct RegionHeader {
  // identity: written when the region is made
  std::array<char, 8> magic;
  std::uint32_t format_version;
  std::uint32_t root_count;
  std::uint64_t size_bytes;
  std::uint64_t soft_begin;     // hard roots lie below this offset, soft roots from it on
  std::uint64_t layout_digest;  // XXH3-64 of the root table
  RegionId region_id;           // whose history this is; all zero: nobody's
  std::uint64_t reserved0;
  // stamp: on the active written by worker 0, on the standby by the applier when it commits
  std::uint64_t term;
  std::uint64_t epoch;  // the last epoch that is whole in this copy
  std::uint64_t config_generation;
  std::int64_t region_now_ns;  // time of the region's clock, which a successor continues
  std::array<std::uint8_t, 32> reserved1;
  RootEntry roots[kRootsMax];
};
static_assert(offsetof(RegionHeader, term) == 64 && offsetof(RegionHeader, roots) == 128);
static_assert(sizeof(RegionHeader) == 2 * kPageBytes && std::is_trivially_copyable_v<RegionHeader>);

// Page 2 is protected: it holds the node's own profile. No transfer may touch it (mission D4).
inline constexpr std::uint64_t kProfileOffset = sizeof(RegionHeader);
// Transfers may touch [kDataOffset, size) only.
inline constexpr std::uint64_t kDataOffset = kProfileOffset + kPageBytes;

}  // namespace stillwater::region
