#include <memory>
#include <random>

#include "ckpt_engine/region/port_bitmap.h"
#include "ckpt_engine/region/session_table.h"
#include "tests/bench/flow_keys.h"
#include "tests/bench/pause_parts.h"
#include "tests/bench/replicated.h"
#include "tests/bench/replication_parts.h"

namespace stillwater::bench {
namespace {

using region::Session;
using region::SessionTable;

constexpr std::uint64_t kSessions = 400'000;
constexpr unsigned kLines = 64;
constexpr Nanos kWindow = 1s;

region::Layout records_only(std::uint64_t count) {
  region::Layout layout;
  layout.add("hard", region::StateClass::hard, count * sizeof(Session), sizeof(Session));
  layout.add("soft", region::StateClass::soft, region::kPageBytes, region::kLineBytes);
  return layout;
}

// The worker changes `count` sessions, as many packets would.
void change_sessions(Checkpointed& system, unsigned count, std::mt19937_64& random) {
  const auto* sessions = reinterpret_cast<const Session*>(system.hard());
  const std::uint64_t there = system.hard_bytes() / sizeof(Session);
  system.worker().does([&](region::Turn& turn) {
    for (unsigned i = 0; i < count; ++i) {
      const auto slot = static_cast<std::uint32_t>(random() % there);
      const region::Write<Session> session(turn, sessions[slot]);
      session->forward = forward_key(slot);
      session->reply = reply_key(slot);
      session->created_ns = turn.now().count();
      session->rule_id = 10;
      session->state = region::SessionState::established;
    }
  });
}

// A message as large as an epoch of so many lines as they are, there and back.
class RoundTrip {
 public:
  RoundTrip(const Connect& connect, Core core)
      : peer_(connect, core, echo_of(kThere, kBack)), bytes_(std::max(kThere, kBack)) {}
  double us() {
    const Instant begin = clock_.now();
    send_or_exit(peer_.connection(), std::span(bytes_).first(kThere));
    receive_all_or_exit(peer_.connection(), std::span(bytes_).first(kBack));
    return microseconds(clock_.now() - begin);
  }

 private:
  static constexpr std::size_t kThere = 5'000;
  static constexpr std::size_t kBack = kThere;
  Peer peer_;
  std::vector<std::byte> bytes_;
  BootClock clock_;
};

// A translated session between a random client and one of 256 servers.
void open_one(SessionTable& table, region::Turn& turn, region::PortBitmap& ports, std::mt19937_64& random) {
  region::FlowKey forward;
  forward.source_be = htonl(kClientNet + static_cast<std::uint32_t>(random() % 65'536));
  forward.destination_be = htonl(kServerHost + static_cast<std::uint32_t>(random() % 256));
  forward.source_port_be = static_cast<std::uint16_t>(random());
  forward.destination_port_be = htons(443);
  forward.protocol = IPPROTO_TCP;
  region::FlowKey reply;
  reply.source_be = forward.destination_be;
  reply.destination_be = htonl(kOutsideAddress);
  reply.source_port_be = forward.destination_port_be;
  const auto port = ports.take(turn, 1024, 65535, static_cast<std::uint16_t>(random()));
  reply.destination_port_be = htons(port.value_or(0));
  reply.protocol = forward.protocol;
  const std::uint32_t slot = table.insert(turn, forward, reply);
  if (slot == SessionTable::kNone) must(fail(Errc::resource_exhausted, "the table is full"), "insert");
  const auto session = table.edit(turn, slot);
  session->rule_id = 10;
  session->config_generation = 1;
  session->responder_port = 1;
}

}  // namespace

void add_epochs(Report& report, const Over& over, double least, unsigned repetitions) {
  RoundTrip round_trip(over.connect, Core::first);
  const region::Layout layout = records_only(kSessions);
  Replicated pair(layout, over.connect, Core::first, 1);
  pair.sync();
  std::mt19937_64 random(30);
  const BootClock clock;
  Measurement rate{.id = "checkpoints_per_s" + over.suffix,
                   .unit = "1/s",
                   .samples = {},
                   .target = least,
                   .higher_is_better = true};
  std::vector<double> latency_us, round_trip_us;
  PauseParts parts;
  std::vector<double> pause_us;
  for (unsigned i = 0; i < repetitions; ++i) {
    std::uint64_t taken = 0;
    const Instant begin = clock.now();
    for (; clock.now() - begin < kWindow; ++taken) {
      change_sessions(pair.system(), kLines, random);
      pair.checkpoint();
      const engine::Sample& last = pair.system().last_sample();
      latency_us.push_back(microseconds(last.commit));
      pause_us.push_back(microseconds(last.blackout));
      parts.add(last.pause);
    }
    rate.samples.push_back(static_cast<double>(taken) /
                           std::chrono::duration<double>(clock.now() - begin).count());
    for (const Instant until = clock.now() + kWindow / 4; clock.now() < until;)
      round_trip_us.push_back(round_trip.us());
  }
  rate.note =
      "64 dirty lines each, one after the other, the standby in a process that shares the engine's core";
  report.add(rate);
  report.add({.id = "commit_latency" + over.suffix,
              .unit = "us",
              .samples = latency_us,
              .bound = percentile(round_trip_us, 0.5),
              .target = 2.5,
              .note = "request to acknowledged; the bound is a round trip of 5 KB between the same cores, "
                      "over the same"});
  report.add({.id = "commit_latency" + over.suffix + ".pause", .unit = "us", .samples = pause_us});
  parts.add_to(report, "commit_latency" + over.suffix + ".pause");
}

void add_commit_lag(Report& report, const Connect& connect, unsigned repetitions) {
  constexpr std::size_t kGroups = 16;
  const region::Layout layout = records_only(kSessions);
  Replicated pair(layout, connect, Core::last, kGroups);
  BusyWorker& worker = pair.system().worker();
  worker.rest();
  pair.sync();
  const auto* sessions = reinterpret_cast<const Session*>(pair.system().hard());
  for (unsigned i = 0; i < repetitions * 20; ++i) {
    worker.wake();
    worker.does([&](region::Turn& turn) {
      for (std::size_t n = 0; n < kGroups * engine::Staging::kLinesPerGroup; ++n)
        region::Write<Session>(turn, sessions[n * 7])->created_ns = turn.now().count();
    });
    worker.rest();  // its core is the standby's here
    pair.checkpoint();
  }
  report.add({.id = "commit_lag_groups",
              .unit = "groups",
              .samples = pair.finish(),
              .target = 1,
              .note =
                  "last byte received to committed, of 16 groups; in times of one group, which is from the "
                  "first byte to the last by 16"});
}

void add_session_wire_bytes(Report& report, const Connect& connect, unsigned repetitions) {
  constexpr std::uint32_t kEach = 100;  // 100,000 new sessions a second at an interval of 1 ms
  constexpr unsigned kEpochs = 50;
  region::Layout layout;
  SessionTable::add_roots(layout, 0, kSessions);
  region::PortBitmap::add_root(layout, "ports", 8);
  std::unique_ptr<SessionTable> table;
  std::vector<region::PortBitmap> ports;
  std::mt19937_64 random(31);
  const auto open = [&](Checkpointed& system, std::uint32_t count, std::uint32_t a_turn) {
    for (; count > 0; count -= a_turn)
      system.worker().does([&](region::Turn& turn) {
        for (std::uint32_t i = 0; i < a_turn; ++i)
          open_one(*table, turn, ports[random() % ports.size()], random);
      });
  };
  Replicated pair(layout, connect, Core::first, 1);
  table = std::make_unique<SessionTable>(pair.system().region(), 0);
  for (std::size_t i = 0; i < 8; ++i) ports.emplace_back(pair.system().region(), "ports", i);
  open(pair.system(), kSessions / 2, kSessions / 2);
  pair.sync();
  std::vector<double> lines;
  Measurement bytes{.id = "wire_bytes_per_session", .unit = "B", .samples = {}, .target = 128};
  for (unsigned i = 0; i < repetitions; ++i) {
    const std::uint64_t before = pair.transport().sent_bytes();
    for (unsigned epoch = 0; epoch < kEpochs; ++epoch) {
      open(pair.system(), kEach, 1);
      pair.checkpoint();
      lines.push_back(static_cast<double>(pair.system().last_sample().lines) / kEach);
    }
    bytes.samples.push_back(static_cast<double>(pair.transport().sent_bytes() - before) / (kEpochs * kEach));
  }
  bytes.note = "translated, 100 an epoch, into a table that is half full; frames and commit records included";
  report.add(bytes);
  report.add({.id = "wire_bytes_per_session.lines",
              .unit = "lines",
              .samples = lines,
              .note = "dirty lines a session, of 64 B"});
}

}  // namespace stillwater::bench
