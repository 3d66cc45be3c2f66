// Where control threads and one worker meet, besides the barrier.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/ip_address.h"
#include "ckpt_engine/region/session.h"
#include "dataplane/datapath/flow.h"
#include "dataplane/datapath/ping/echo.h"
#include "dataplane/datapath/rehearsal/record.h"

namespace stillwater::dataplane {

// One session as a worker saw it.
struct SessionView {
  SessionRecord record;
  std::uint32_t idle_s;
  std::int64_t age_ns;  // region time
};

// Which sessions are meant: those that match all that is named.
struct SessionFilter {
  std::optional<std::uint8_t> protocol{};
  std::optional<IpPrefix> source{};        // the initiator's, as it sent it; no family has the other's
  std::optional<IpPrefix> destination{};   // as the initiator sent it
  std::optional<IpPrefix> address{};       // of either side, translated or not
  std::optional<std::uint16_t> port_be{};  // of either side, translated or not
  std::optional<region::SessionState> state{};
  std::optional<std::uint32_t> rule_id{};  // that admitted it
  std::optional<PortIndex> interface {};   // that either side's packets arrive at
  std::optional<std::uint64_t> min_age_s{};

  template <class Key>
  [[nodiscard]] bool matches(const region::BasicSession<Key>& session, std::int64_t age_ns) const;
};

// Of something that a control thread asks of a worker. The asker owns it in `idle` and `done`, the worker in
// `running`; `posted` may be taken back by whoever swaps it away first.
enum class QueryStage : std::uint32_t { idle, posted, running, done };

// A chunk of a family's session table, to read or to end its sessions.
struct SessionQuery {
  static constexpr std::uint32_t kRowsMax = 128;
  static constexpr std::uint32_t kSlotsPerChunk = 4096;  // bounds the turn that serves it

  std::atomic<QueryStage> stage{QueryStage::idle};  // writers: asker and worker, as said above
  bool of_ipv6 = false;                             // asker
  std::uint32_t cursor = 0;  // asker: the slot to begin at; worker: the slot to go on at
  SessionFilter filter{};    // asker
  bool ends = false;         // asker: those that match are ended, and not copied
  std::uint32_t rows_wanted = 0;
  std::uint32_t rows_count = 0;
  bool at_end = false;
  std::array<SessionView, kRowsMax> rows{};
};

// What a frame would meet.
struct TraceQuery {
  static constexpr std::uint32_t kFrameMax = 9216;

  std::atomic<QueryStage> stage{QueryStage::idle};  // writers: asker and worker, as said above
  PortIndex port = 0;                               // asker: one with a device, which the frame arrives at
  std::uint32_t frame_bytes = 0;                    // asker: no more than a buffer has room for
  std::array<std::uint8_t, kFrameMax> frame{};      // asker
  RehearsalRecord record{};                         // worker
};

// An echo request of ours to be sent.
struct PingQuery {
  std::atomic<QueryStage> stage{QueryStage::idle};  // writers: asker and worker, as said above
  EchoOrder order{};                                // asker
  EchoSent result{};                                // worker
  Instant sent_at{0};                               // worker
};

struct Requests {
  // Any thread may ask to announce, a control thread while the worker stands still to activate.
  void ask_to_announce() {
    announce.store(true, std::memory_order_relaxed);
    pending.store(true, std::memory_order_release);
  }
  void ask_to_activate() { activate.store(true, std::memory_order_release); }

  // The worker's look each turn is relaxed: what it finds late it finds a turn later. It acquires before it
  // acts.
  alignas(64) std::atomic<bool> pending{false};  // writers: control sets, worker clears
  std::atomic<bool> announce{false};             // writers: control sets, worker clears
  std::atomic<bool> activate{false};             // writers: control sets, worker clears
  SessionQuery query;
  TraceQuery trace;
  PingQuery ping;
};

// What a worker says about itself; it writes, any thread reads. Relaxed: figures, nothing is ordered by them
// but for `turns`: who acquires it knows that what the turn read is done with.
struct WorkerReport {
  alignas(64) std::atomic<std::uint64_t> turns{0};   // at the end of each
  std::atomic<std::uint64_t> sent{0};                // frames handed to devices
  std::atomic<std::uint64_t> sent_past_permit{0};    // of them, those of bursts that ended too late
  std::atomic<std::uint32_t> sessions{0};            // of IPv4, in use
  std::atomic<std::uint32_t> sessions6{0};           // of IPv6, in use
  std::atomic<std::uint32_t> held{0};                // packets that wait for a commit or for ARP
  std::atomic<std::int64_t> largest_receive_gap{0};  // ns between two polls; a reader may set it to 0
};

}  // namespace stillwater::dataplane
