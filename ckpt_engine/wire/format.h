// The bytes between two nodes, as WIRE_FORMAT.md describes them. Little-endian.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "ckpt_engine/region/format.h"

namespace stillwater::wire {

inline constexpr std::array<char, 4> kMagic = {'S', 'W', 'R', 'P'};
inline constexpr std::array<char, 4> kHeartbeatMagic = {'S', 'W', 'H', 'B'};

enum class Type : std::uint16_t {
  hello = 1,
  refuse = 2,
  sync_begin = 3,
  sync_lines = 4,
  group = 5,
  commit = 6,
  ack = 7,
  soft = 8,
  bye = 9,
  record = 10,
  digest = 11,
  abort = 12,
  holdings = 13,
  waiting = 14,
  config = 15,
  config_built = 16,
};

struct FrameHeader {
  std::array<char, 4> magic;
  std::uint16_t format;  // the oldest that a reader must know
  Type type;
  std::uint32_t length;
  std::uint32_t reserved;
  std::uint64_t check;
};
static_assert(sizeof(FrameHeader) == 24 && offsetof(FrameHeader, check) == 16);

// What a node is at the moment of the handshake.
enum class NodeState : std::uint32_t { starting = 1, syncing = 2, standby = 3, leading = 4, fenced = 5 };

// The arbiter's record, as one node tells it to the other.
struct Record {
  std::uint64_t term;
  region::RegionId region_id;
  std::array<char, 64> active;                  // zero-padded; empty: nobody
  std::array<std::array<char, 64>, 2> in_sync;  // empty names at the end
};
static_assert(sizeof(Record) == 216 && std::is_trivially_copyable_v<Record>);

struct Hello {
  std::array<char, 64> node;   // name, zero-padded
  std::array<char, 32> build;  // version of the sender's program, for the log
  region::RegionId region_id;  // all zero: this node holds no state
  std::uint64_t layout_digest;
  std::uint64_t service_digest;  // of the configuration both nodes must agree on
  std::uint64_t region_bytes;
  std::uint64_t term;
  std::uint64_t committed_epoch;
  std::uint32_t region_format;
  NodeState state;
  std::uint16_t prefers_to_lead;  // 1: leads if both nodes are empty
  std::uint16_t arbitrated;       // 1: an arbiter decides who leads
  std::uint16_t newest_format;    // that the sender speaks
  std::uint16_t reserved;
  std::uint64_t incarnation;  // random, one a process: another one proves that the former is gone
  Record record;              // the newest that the sender knows; term 0: none
};
static_assert(sizeof(Hello) == 392 && offsetof(Hello, layout_digest) == 112 &&
              offsetof(Hello, record) == 176 && std::is_trivially_copyable_v<Hello>);

struct SyncBegin {
  region::RegionId region_id;
  std::uint64_t term;
  std::uint64_t committed_epoch;  // of the sender; groups of the next epoch follow the sync
  std::uint64_t bytes_expected;   // an estimate, for progress
  std::uint32_t onto_held = 0;    // 1: what the receiver told that it holds stays, and is mended
  std::uint32_t reserved = 0;
};
static_assert(sizeof(SyncBegin) == 48);

struct WireExtent {
  std::uint32_t first_line;
  std::uint32_t line_count;
};
static_assert(sizeof(WireExtent) == 8);

// How the lines of a payload are written.
enum class Encoding : std::uint32_t {
  as_they_are = 0,
  packed = 1,
};

struct GroupHeader {
  std::uint64_t epoch;
  std::uint32_t index;
  std::uint32_t extent_count;
  std::uint32_t line_count;
  Encoding encoding;
  std::uint64_t lines_check;  // packed: XXH3-64 of the lines unpacked; else 0
};
static_assert(sizeof(GroupHeader) == 32 && offsetof(GroupHeader, encoding) == 20 &&
              std::is_trivially_copyable_v<GroupHeader>);

// Of a packed line: what its bytes were XORed with. Two bits each.
enum class Base : std::uint8_t {
  none = 0,         // the line's 64 bytes follow as they are
  zeroes = 1,       // what is not zero follows
  line_before = 2,  // what differs from the line before it in the payload; zeroes before the first
  receivers = 3,    // what differs from the receiver's own line; in groups alone
};

// No epoch, no term, no generation of the configuration, and no instant of a region's clock (146 years) is as
// large: what follows them can be counted on.
inline constexpr std::uint64_t kEpochEnd = std::uint64_t{1} << 62;
inline constexpr std::uint64_t kTermEnd = std::uint64_t{1} << 62;
inline constexpr std::uint64_t kConfigGenerationEnd = std::uint64_t{1} << 62;
inline constexpr std::int64_t kRegionNowEnd = std::int64_t{1} << 62;

struct Commit {
  std::uint64_t epoch;
  std::uint64_t term;
  region::RegionId region_id;
  std::uint64_t config_generation;
  std::int64_t region_now_ns;
  std::uint64_t checksum;
  std::uint32_t group_count;
  std::uint32_t reserved;
};
static_assert(sizeof(Commit) == 64);

struct Ack {
  std::uint64_t epoch;
  std::uint64_t term;
  std::int64_t grant_stamp_ns = 0;  // as in a heartbeat
  std::uint64_t grant_term = 0;
};
static_assert(sizeof(Ack) == 32);

struct DigestHeader {
  std::uint64_t epoch;
  std::uint32_t chunk_count;
  std::uint32_t reserved;
};
static_assert(sizeof(DigestHeader) == 16);

struct ChunkDigest {
  WireExtent chunk;
  std::uint64_t digest;  // XXH3-64 of the chunk's bytes at the epoch's end
};
static_assert(sizeof(ChunkDigest) == 16);
inline constexpr std::uint32_t kDigestChunksMax = 1024;

enum class AbortReason : std::uint32_t {
  digest_mismatch = 1,  // a chunk is not what the active digested: the copy is wrong, and void
};

// Instead of an acknowledgement: the epoch is not committed here, and the copy holds nothing any more.
struct Abort {
  std::uint64_t epoch;
  std::uint64_t term;
  std::uint64_t offset;  // of the first chunk that differs
  std::uint64_t bytes;
  AbortReason reason;
  std::uint32_t reserved;
};
static_assert(sizeof(Abort) == 40 && offsetof(Abort, reason) == 32);

// What a node that does not lead has in memory; `extent_count` WireExtents follow.
struct HoldingsHeader {
  region::RegionId region_id;  // all zero: nothing of use
  std::uint64_t acknowledged;  // its memory is this epoch, but for the extents' lines
  std::uint64_t open;          // or this one; 0: there is none
  std::uint32_t extent_count;
  std::uint32_t more;  // 1: another frame goes on with extents
};
static_assert(sizeof(HoldingsHeader) == 40);
inline constexpr std::uint32_t kHoldingsExtentsInFrame = 4096;

// A frame that the node which handed over had received, or receives still; its bytes follow. Without bytes:
// the last.
struct WaitingHeader {
  std::uint16_t port;  // its place in the configuration
  std::array<std::uint8_t, 6> reserved;
};
static_assert(sizeof(WaitingHeader) == 8);
inline constexpr std::uint32_t kWaitingFrameMax = 9216;  // bytes

// A part of a document of the running configuration, of which the reader of the wire knows no more; its bytes
// follow.
struct ConfigHeader {
  std::uint64_t generation;  // of a node that has built the document; 1 or more
  std::uint32_t whole;       // 1: it stands for all before; 0: it changes the generation before it
  std::uint32_t last;        // 1: the document ends with this part
};
static_assert(sizeof(ConfigHeader) == 16);
inline constexpr std::uint32_t kConfigPartMax = 256u << 10;        // bytes
inline constexpr std::uint64_t kConfigDocumentMax = 256ull << 20;  // bytes

// What became of a document; the reason follows where it was refused.
struct ConfigBuiltHeader {
  std::uint64_t generation;
  std::uint32_t refused;  // 1: nothing of it was built
  std::uint32_t reserved;
};
static_assert(sizeof(ConfigBuiltHeader) == 16);
inline constexpr std::uint32_t kConfigReasonMax = 512;  // bytes

// The sender stops, and is silent on its data ports from now on.
struct Bye {
  std::uint64_t term;
  std::uint64_t committed_epoch;
};
static_assert(sizeof(Bye) == 16);

// What a heartbeat says beside the state, as bits.
inline constexpr std::uint32_t kRequestPending = 1;  // the sender's role may change by a request on its way
inline constexpr std::uint32_t kHoldsNothing = 2;    // nothing in memory, and no request on its way
inline constexpr std::uint32_t kPeerIsMute =
    4;  // the peer leads, and its data ports answered, and do no more

struct Heartbeat {
  std::array<char, 4> magic;
  std::uint16_t format;       // as a frame's
  std::uint16_t penalty;      // how unfit the sender is to lead: the sum of its ailments' weights; 0: well
  std::uint64_t sender;       // XXH3-64 of the node's name
  std::uint64_t incarnation;  // of the process, as in its hello; 0 until it has one
  std::uint64_t term;         // in which the sender plays its role
  std::uint64_t epoch;
  std::int64_t stamp_ns;       // sender's CLOCK_BOOTTIME
  std::int64_t echo_stamp_ns;  // newest stamp received from the peer; 0: none
  std::int64_t
      grant_stamp_ns;  // the active may transmit for a lease from this stamp of its own on; 0: no grant
  std::uint64_t grant_term;
  std::int64_t region_now_ns;
  NodeState state;
  std::uint32_t flags;
  std::uint64_t check;  // XXH3-64 of what stands before it
};
static_assert(sizeof(Heartbeat) == 96 && offsetof(Heartbeat, check) == 88);

inline constexpr std::uint32_t kLinesPayloadMax = 1u << 20;
inline constexpr std::uint32_t kLinesMax = kLinesPayloadMax / region::kLineBytes;  // of a payload, unpacked

// The cap on a payload of that type; 0 for an unknown type.
[[nodiscard]] constexpr std::uint32_t payload_max(Type type) {
  switch (type) {
    case Type::hello:
    case Type::refuse:
      return 512;
    case Type::record:
      return 256;
    case Type::sync_begin:
      return 64;
    case Type::commit:
      return 128;
    case Type::ack:
    case Type::bye:
    case Type::abort:
      return 64;
    case Type::digest:
      return sizeof(DigestHeader) + kDigestChunksMax * sizeof(ChunkDigest);
    case Type::holdings:
      return sizeof(HoldingsHeader) + kHoldingsExtentsInFrame * sizeof(WireExtent);
    case Type::waiting:
      return sizeof(WaitingHeader) + kWaitingFrameMax;
    case Type::config:
      return sizeof(ConfigHeader) + kConfigPartMax;
    case Type::config_built:
      return sizeof(ConfigBuiltHeader) + kConfigReasonMax;
    case Type::sync_lines:
    case Type::group:
    case Type::soft:
      return kLinesPayloadMax;
  }
  return 0;
}

}  // namespace stillwater::wire
