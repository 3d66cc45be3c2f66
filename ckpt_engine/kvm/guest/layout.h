// What host and guest share: the guest's physical memory and the words of its port. Freestanding.
#pragma once

#include <cstddef>
#include <cstdint>

namespace stillwater::kvm::guest {

inline constexpr std::uint64_t kPageBytes = 4096;

// Physical addresses; the page tables map each to itself. All of it is checkpointed but the port.
inline constexpr std::uint64_t kPageTables = 0x1000;  // three pages: levels 4, 3, 2
inline constexpr std::uint64_t kCode = 0x8000;
inline constexpr std::uint64_t kCodeBytesMax = 0x8000;
inline constexpr std::uint64_t kStackTop = 0x18000;
inline constexpr std::uint64_t kState = 0x20000;
inline constexpr std::uint64_t kScratch = 0x200000;  // pages that `Kind::write` may write
inline constexpr std::uint64_t kMemoryBytes = 4u << 20;
inline constexpr std::uint64_t kPort = 8u << 20;

enum class Kind : std::uint64_t {
  count = 1,  // adds one to the key's counter and answers its value
  write = 2,  // writes `value` into `pages` scratch pages from page `key` on, then answers
};

struct Packet {
  Kind kind;
  std::uint64_t id;  // the client's, returned as it came
  std::uint64_t key;
  std::uint64_t value;  // in an answer: the key's counter
  std::uint64_t pages;
};
static_assert(sizeof(Packet) == 40);

inline constexpr std::uint64_t kRingPackets = 256;

// The device: memory of the process that runs the guest, never part of a checkpoint. Packets that wait in it
// are not received yet. Zeroed, with `quiesce` set, wherever a guest wakes.
struct Port {
  // host: wo, guest: ro
  alignas(64) std::uint64_t quiesce;  // 0: run; else the number of a request to quiesce
  std::uint64_t rx_head;
  std::uint64_t tx_tail;
  // guest: wo, host: ro
  alignas(64) std::uint64_t quiesced;  // the request that was answered: no packet is inside
  std::uint64_t rx_tail;
  std::uint64_t tx_head;

  alignas(64) Packet rx[kRingPackets];
  alignas(64) Packet tx[kRingPackets];
};
inline constexpr std::uint64_t kPortBytes = (sizeof(Port) + kPageBytes - 1) / kPageBytes * kPageBytes;

inline constexpr std::uint64_t kKeys = 8192;
inline constexpr std::uint64_t kBacklogMax = 8;

struct Counter {
  std::uint64_t count;
  std::uint64_t last_id;
  std::uint64_t check;  // check_of(count, last_id): a torn record shows
  std::uint64_t spare[5];
};
static_assert(sizeof(Counter) == 64);

constexpr std::uint64_t check_of(std::uint64_t count, std::uint64_t last_id) {
  return (count * 0x9e3779b97f4a7c15u) ^ last_id;
}

// The network function's state, at kState.
struct State {
  std::uint64_t held;  // by the agent: received and not yet sent
  std::uint64_t backlog_first;
  std::uint64_t backlog_count;
  std::uint64_t oldest_is_answered;  // 1: it only waits for room to be sent
  Packet backlog[kBacklogMax];
  // Sums over all counters, and over what was written into scratch pages: a mixture of two epochs shows.
  std::uint64_t counted;
  std::uint64_t scratch_sum;
  alignas(kPageBytes) Counter counters[kKeys];
};
static_assert(kState + sizeof(State) <= kScratch);

}  // namespace stillwater::kvm::guest
