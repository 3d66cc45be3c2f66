// Where control threads and one worker meet, besides the barrier.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/ip_address.h"
#include "ckpt_engine/region/binding_table.h"
#include "ckpt_engine/region/session.h"
#include "dataplane/datapath/flow.h"
#include "dataplane/datapath/ping/echo.h"
#include "dataplane/datapath/rehearsal/record.h"

namespace stillwater::dataplane {

// An address and port as rows of a listing have them: of either family, the port in host byte order.
struct RowEndpoint {
  IpAddress address{};
  std::uint16_t port = 0;

  friend bool operator==(const RowEndpoint&, const RowEndpoint&) = default;
};

// One session as a worker saw it, of either family.
struct SessionRow {
  RowEndpoint source{};  // as the initiator sends
  RowEndpoint destination{};
  RowEndpoint translated_source{};  // as the responder receives; the same where nothing is translated
  RowEndpoint translated_destination{};
  std::uint64_t changed_epoch = 0;
  std::int64_t age_ns = 0;  // region time
  std::uint32_t idle_s = 0;
  std::uint32_t rule_id = 0;
  std::uint8_t protocol = 0;
  region::SessionState state = region::SessionState::free;
};

// One binding of source NAT as a worker saw it.
struct BindingRow {
  RowEndpoint inside{};
  RowEndpoint outside{};
  std::uint64_t changed_epoch = 0;
  std::uint32_t sessions = 0;     // that use it
  std::uint16_t block_first = 0;  // of the block of ports that `outside` is of
  std::uint16_t block_ports = 0;  // 0: of no block
  std::uint8_t protocol = 0;
  std::uint8_t entry = 0;  // of source NAT, in the configuration's order
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

// Likewise of bindings, which are of IPv4.
struct BindingFilter {
  std::optional<std::uint8_t> protocol{};
  std::optional<IpPrefix> inside{};
  std::optional<IpPrefix> outside{};
  std::optional<IpPrefix> address{};       // of either end
  std::optional<std::uint16_t> port_be{};  // of either end
  std::optional<std::uint8_t> entry{};

  [[nodiscard]] bool matches(const region::Binding& binding, std::uint8_t of_entry) const;
};

// Of something that a control thread asks of a worker. The asker owns it in `idle` and `done`, the worker in
// `running`; `posted` may be taken back by whoever swaps it away first.
enum class QueryStage : std::uint32_t { idle, posted, running, done };

// A step of a walk over a table: so many slots, in one turn, which is what a listing of any length holds
// packets up by at a time.
struct WalkStep {
  static constexpr std::uint32_t kRowsMax = 128;        // that are copied, or ended
  static constexpr std::uint32_t kSlotsPerStep = 4096;  // that are looked at

  std::atomic<QueryStage> stage{QueryStage::idle};  // writers: asker and worker, as said above
  unsigned table = 0;                               // asker: below the query's kTables
  std::uint32_t cursor = 0;                         // asker: the slot to begin at; worker: to go on at
  std::uint32_t rows_wanted = 0;                    // asker: up to kRowsMax; of what is counted, any
  std::uint32_t rows_count = 0;                     // worker: that matched
  bool at_end = false;                              // worker
};

// What becomes of those that match.
enum class WalkAct : std::uint8_t { copy, count, end };

struct SessionQuery : WalkStep {
  static constexpr unsigned kTables = 2;  // sessions of IPv4, and of IPv6

  SessionFilter filter{};                   // asker
  WalkAct act = WalkAct::copy;              // asker
  std::array<SessionRow, kRowsMax> rows{};  // worker
};

struct BindingQuery : WalkStep {
  static constexpr unsigned kTables = 1;

  BindingFilter filter{};                   // asker
  WalkAct act = WalkAct::copy;              // asker; nobody ends a binding
  std::array<BindingRow, kRowsMax> rows{};  // worker
};

// Worker: looks at slots from the cursor on, of the first `touched` of a table, until the step's bounds are
// reached; calls `take(slot, row)` for those for which `matches(slot)`.
template <class Matches, class Take>
void walk(WalkStep& step, std::uint32_t touched, const Matches& matches, const Take& take) {
  const std::uint32_t left = touched > step.cursor ? touched - step.cursor : 0;
  const std::uint32_t end = step.cursor + std::min(left, WalkStep::kSlotsPerStep);
  step.rows_count = 0;
  for (; step.cursor < end && step.rows_count < step.rows_wanted; ++step.cursor)
    if (matches(step.cursor)) take(step.cursor, step.rows_count++);
  step.at_end = step.cursor >= touched;
}

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
  BindingQuery bindings;
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
