// An engine and a receiver over an in-memory link, with every seam in the test's hands.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "ckpt_engine/engine/engine.h"
#include "ckpt_engine/trackers/factory.h"
#include "standby/receiver.h"
#include "tests/unit/region/world.h"

namespace stillwater::tests {

using Events = std::vector<std::string>;

class ManualClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return at += tick; }
  mutable Instant at = 1000s;
  Nanos tick{};  // that each look at the clock takes
};

// Workers that stop at once, or never.
class FakeBarrier final : public Barrier {
 public:
  explicit FakeBarrier(Events& log, ManualClock& the_clock) : events(log), clock(the_clock) {}
  [[nodiscard]] Status quiesce(Nanos timeout) override {
    REQUIRE_FALSE(quiesced);
    events.emplace_back("quiesce");
    ++quiesces;
    told = clock.at += telling;
    if (times_out) {
      clock.at += timeout;
      if (running) running();  // workers go on: they were resumed by the barrier
      return fail(Errc::timed_out, "worker 0 holds 3 packets inside");
    }
    clock.at += 10us;
    quiesced = true;
    events.emplace_back("indication");
    if (at_boundary) at_boundary();
    return {};
  }
  void resume() override {
    REQUIRE(quiesced);
    quiesced = false;
    resumed = clock.at;
    events.emplace_back("resume");
    if (running) running();
  }
  [[nodiscard]] Instant last_told() const override { return told; }
  [[nodiscard]] Instant last_resumed() const override { return resumed; }

  Events& events;
  ManualClock& clock;
  bool times_out = false;
  bool quiesced = false;
  unsigned quiesces = 0;
  Nanos telling{};
  Instant told{};
  Instant resumed{};
  std::function<void()> at_boundary;  // workers stand still
  std::function<void()> running;      // workers run again
};

// Says when the lines are collected, which is when a blackout copies.
class LoggedTracker final : public trackers::DirtyTracker {
 public:
  LoggedTracker(trackers::DirtyTracker& inner, Events& log, const FakeBarrier& barrier)
      : inner_(inner), events_(log), barrier_(barrier) {}
  [[nodiscard]] const char* name() const override { return inner_.name(); }
  [[nodiscard]] std::uint64_t dirty_bytes_hint() const override { return inner_.dirty_bytes_hint(); }
  [[nodiscard]] Status collect(std::vector<region::Extent>& out) override {
    REQUIRE(barrier_.quiesced);
    events_.emplace_back("collect");
    if (fails) return fail(Errc::io, "the kernel does not say what was written");
    return inner_.collect(out);
  }
  void collect_soft() override {
    REQUIRE(barrier_.quiesced);
    inner_.collect_soft();
  }
  void take_soft(std::vector<region::Extent>& out, std::uint64_t budget_bytes) override {
    inner_.take_soft(out, budget_bytes);
  }
  void committed() override { inner_.committed(); }
  void merge_back() override { inner_.merge_back(); }
  void begin_anew() override { inner_.begin_anew(); }

  bool fails = false;  // every collect

 private:
  trackers::DirtyTracker& inner_;
  Events& events_;
  const FakeBarrier& barrier_;
};

// Delivers to a receiver frame by frame, or breaks at a chosen one with part of it delivered.
class Link final : public wire::Transport {
 public:
  Link(standby::Receiver& receiver, Events& log, const FakeBarrier& barrier)
      : receiver_(receiver), events_(log), barrier_(barrier) {}

  [[nodiscard]] Status send(wire::Bytes frames) override;
  // All acknowledgements that the receiver has sent; its aborts go to `aborts`.
  [[nodiscard]] std::vector<wire::Ack> take_acks();

  std::uint64_t sends = 0;                      // of frames
  bool may_send_quiesced = false;               // the last checkpoint of a planned stop
  std::uint64_t breaks_at = ~std::uint64_t{0};  // counted like `sends`
  std::size_t delivers_of_last = 0;             // bytes of the frame at which it breaks
  std::set<std::uint64_t> commit_records;       // epochs whose record was sent
  unsigned groups_of_epoch = 0;
  std::vector<std::size_t> lines_of_groups;
  std::uint64_t soft_bytes = 0;
  std::vector<wire::ChunkDigest> digests;  // of the last digest frame
  std::vector<wire::Abort> aborts;

 private:
  [[nodiscard]] Status send_frame(wire::Bytes frame);
  void look_at(wire::Bytes frame);

  standby::Receiver& receiver_;
  Events& events_;
  const FakeBarrier& barrier_;
};

// Time stands still unless a test moves it.
inline engine::Policy with_digests_at_every_blackout() {
  engine::Policy policy;
  policy.digest_min_interval = 0ns;
  return policy;
}

struct PairOptions {
  std::size_t staging_bytes = 1u << 20;
  std::size_t reserved_bytes = 4u << 20;
  std::uint32_t sessions_max = 192;
  std::string tracker = "barrier";
};

// The active's region is `a`, the standby's `b`. The worker writes only when a test says so.
class Pair {
 public:
  explicit Pair(PairOptions options = {});

  Status sync() {
    return engine.first_sync(link, [](std::uint64_t) {});
  }
  // Hands the standby's acknowledgements to the engine; there is no abort among them.
  void acknowledge();
  // A checkpoint and the standby's answer to it: nothing, or an abort that the engine was told of.
  [[nodiscard]] std::optional<wire::Abort> checkpoint_and_answer();
  // The connection ends, on both sides.
  void cut();
  void sync_and_acknowledge() {
    receiver.connected();
    REQUIRE(sync());
    acknowledge();
    REQUIRE(engine.has_standby());
  }
  void work(Random& random, unsigned steps) { worker.work(random, epochs.current(), steps); }
  // Writes one hard line, another one each time, with `lines` neighbours.
  void write_hard(unsigned lines = 1);

  // The standby holds exactly the epoch that it says, as the workers left it at that epoch's blackout.
  void check_standby() const;

  Events events;
  ManualClock clock;
  FakeBarrier barrier{events, clock};
  std::unique_ptr<region::Region> a, b;
  Worker worker;
  CommittedEpoch epochs;
  std::unique_ptr<trackers::DirtyTracker> tracker;
  LoggedTracker logged_tracker{*tracker, events, barrier};
  engine::Policy policy = with_digests_at_every_blackout();
  engine::Engine engine;
  standby::ReservedBuffer reserved;
  standby::Receiver receiver;
  Link link;
  std::map<std::uint64_t, Snapshot> at_blackout;  // by epoch

 private:
  unsigned next_write_ = 0;
};

}  // namespace stillwater::tests
