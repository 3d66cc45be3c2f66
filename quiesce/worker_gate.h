// Where one worker and the barrier meet. One cache line a direction.
#pragma once

#include <atomic>
#include <cstdint>

namespace stillwater::quiesce {

// What a worker is doing, as the barrier sees it. Only `stopped` and `parked` mean that it holds no packet.
enum class Whereabouts : std::uint32_t {
  absent,   // its loop has not begun, or has ended
  running,  // between two packet boundaries
  parked,   // idle at a packet boundary; it asks before it goes on
  stopped,  // quiesced at a packet boundary
};

// Memory orders: `stop` and `whereabouts` form a store-then-load handshake in both directions (a worker that
// wakes stores `running`, then loads `stop`; the barrier stores `stop`, then loads `whereabouts`), which
// needs sequential consistency. The worker's look at `stop` before each receive burst is relaxed: it decides
// nothing alone.
struct WorkerGate {
  alignas(64) std::atomic<bool> stop{
      true};                         // writer: the barrier. True from the start: workers wake quiesced (Q7)
  std::atomic<bool> discard{false};  // writer: control. While stopped, empty the ports and free what came
  std::atomic<std::uint64_t> discard_rounds_wanted{0};  // writer: control
  std::atomic<std::uint64_t> release_rounds_wanted{0};  // writer: control

  alignas(64) std::atomic<Whereabouts> whereabouts{Whereabouts::absent};  // writer: the worker
  std::atomic<std::uint64_t> waits{0};         // writer: the worker; grows while it stands still and lives
  std::atomic<std::uint64_t> visits{0};        // writer: the worker; times that it said what follows
  std::atomic<std::uint32_t> in_flight{0};     // writer: the worker; packets in its hands, held ones too
  std::atomic<std::uint32_t> held{0};          // writer: the worker; packets declared held
  std::atomic<std::int64_t> resumed_at_ns{0};  // writer: the worker; CLOCK_BOOTTIME when it last went on
  std::atomic<std::uint64_t> discarded{0};     // writer: the worker; packets discarded while stopped
  std::atomic<std::uint64_t> discard_rounds{
      0};  // writer: the worker; the newest wanted round that it has done
  std::atomic<std::uint64_t> release_rounds{0};  // writer: the worker; likewise
};

}  // namespace stillwater::quiesce
