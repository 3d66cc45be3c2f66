// Traces, and that nothing else in the world is different afterwards.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/names.h"
#include "tests/unit/dataplane/router.h"

namespace stillwater::dataplane {

// All that a packet can change.
struct Snapshot {
  std::vector<std::byte> region;
  std::uint32_t marks = 0;
  std::map<std::string, std::uint64_t> drops;
  std::uint64_t sessions = 0;
  std::uint64_t held = 0;
  unsigned sent = 0;
  unsigned buffers = 0;  // in use, of the dataplane's own

  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

inline unsigned buffers_in_use() {
  unsigned in_use = 0;
  rte_mempool_walk(
      [](rte_mempool* pool, void* sum) {
        if (std::strncmp(pool->name, "sw_buffers_", 11) == 0)
          *static_cast<unsigned*>(sum) += rte_mempool_in_use_count(pool);
      },
      &in_use);
  return in_use;
}

// Each worker has ended a turn that began after the call.
inline void turn_all(const Dataplane& dataplane) {
  for (unsigned worker = 0; worker < dataplane.workers(); ++worker) {
    const std::uint64_t until = dataplane.steps(worker).value_or(0) + 3;
    REQUIRE(eventually([&] { return dataplane.steps(worker).value_or(0) >= until; }));
  }
}

// Of a test's Router or Firewall, whose ports are `a` and `b`. Nobody has packets in hand meanwhile.
template <class World>
Snapshot snapshot_of(World& world, RingPort& a, RingPort& b) {
  world.clock.advance(150ms);  // counters reach the region now and then
  turn_all(*world.dataplane);
  REQUIRE(world.dataplane->barrier().quiesce(5s));
  Snapshot snapshot;
  snapshot.region.assign(world.region->base() + region::kDataOffset,
                         world.region->base() + world.region->size());
  for (unsigned worker = 0; worker < world.dataplane->workers(); ++worker) {
    const region::WorkerMarks& marks = world.dataplane->marks(worker);
    snapshot.marks += marks.hard->count() + marks.soft->count();
  }
  snapshot.drops = world.dataplane->drops();
  snapshot.sessions = world.dataplane->sessions_in_use();
  snapshot.held = world.dataplane->held_packets();
  snapshot.sent = a.sent() + b.sent();
  snapshot.buffers = buffers_in_use();
  world.dataplane->barrier().resume();
  return snapshot;
}

inline RingPort& first_port(Router& r) { return r.lan; }
inline RingPort& second_port(Router& r) { return r.wan; }
inline RingPort& first_port(Firewall& f) { return f.inside; }
inline RingPort& second_port(Firewall& f) { return f.outside; }

template <class World>
Trace traced(World& world, const TraceRequest& request) {
  const Snapshot before = snapshot_of(world, first_port(world), second_port(world));
  auto trace = world.dataplane->trace(request);
  const Snapshot after = snapshot_of(world, first_port(world), second_port(world));
  CHECK((before.region == after.region));  // not printed
  CHECK(before.marks == after.marks);
  CHECK(before.drops == after.drops);
  CHECK(before.sessions == after.sessions);
  CHECK(before.held == after.held);
  CHECK(before.sent == after.sent);
  CHECK(before.buffers == after.buffers);
  if (!trace) FAIL(trace.error().message);
  return std::move(*trace);
}

inline std::string nodes_of(const Trace& trace) {
  std::string nodes;
  for (const TraceStep& step : trace.steps) nodes += (nodes.empty() ? "" : " ") + step.node;
  return nodes;
}

inline bool has_note(const Trace& trace, const std::string& note) {
  for (const TraceStep& step : trace.steps)
    if (std::find(step.notes.begin(), step.notes.end(), note) != step.notes.end()) return true;
  return false;
}

// For INFO.
inline std::string to_text(const Trace& trace) {
  std::string text = trace.words;
  for (const TraceStep& step : trace.steps) {
    text += "\n" + step.node + ":";
    for (const std::string& note : step.notes) text += " [" + note + "]";
  }
  return text;
}

// TCP to the DNS's port with `flags`, where nothing else is said.
inline TracePacket trace_packet(const char* from, const char* to) {
  TracePacket packet;
  packet.source = ip(from);
  packet.destination = ip(to);
  packet.source_port = 4000;
  packet.destination_port = 53;
  return packet;
}

}  // namespace stillwater::dataplane
