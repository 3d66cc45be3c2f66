// What a pair node needs around it, as far as it matters to what a peer sends: time, workers that obey at
// once, an arbiter that keeps to its rules, and a connection that remembers what was sent.
#pragma once

#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "standby/pair/pair_node.h"
#include "tests/fuzz/expect.h"

namespace stillwater::fuzz {

class HandClock final : public Clock {
 public:
  Instant at = 100s;
  [[nodiscard]] Instant now() const override { return at; }
};

// Workers that stand still as soon as they are told.
class ObedientWorkers final : public standby::Forwarding, private Barrier {
 public:
  explicit ObedientWorkers(const Clock& clock) : clock_(clock) {}

  [[nodiscard]] Barrier& barrier() override { return *this; }
  [[nodiscard]] bool quiesced() const override { return quiesced_; }
  void set_discard(bool on) override { discards_ = on; }
  [[nodiscard]] Status drain_ports(Nanos) override {
    expect(quiesced_ && discards_, "ports are drained while nobody forwards");
    return {};
  }
  void drop_held() override { expect(quiesced_, "held output is dropped while nobody forwards"); }
  void continue_region_time(Nanos region_now) override {
    expect(quiesced_, "the region's clock is set while nobody forwards");
    expect(region_now >= Nanos(0) && region_now < Nanos::max() / 2, "the region's clock has room to go on");
  }
  void on_activate() override { expect(quiesced_, "workers are told before they go on"); }
  [[nodiscard]] Status release_held(Nanos) override {
    expect(quiesced_, "held output is let go while nobody forwards");
    return {};
  }
  void keep_waiting(bool on) override { expect(quiesced_ || !on, "frames are kept while nobody forwards"); }
  [[nodiscard]] bool take_waiting(const std::function<void(const standby::WaitingFrame&)>&) override {
    return false;
  }
  void bring_waiting(const standby::WaitingFrame& frame) override {
    expect(frame.bytes.size() <= wire::kWaitingFrameMax, "a frame is not too long");
  }
  void expect_waiting(Nanos) override { expect(quiesced_, "workers are told before they go on"); }
  void announce() override {}
  [[nodiscard]] bool forwards() const { return !quiesced_ && !discards_; }

 private:
  [[nodiscard]] Status quiesce(Nanos) override {
    expect(!quiesced_, "workers that stand still are not stopped again");
    quiesced_ = true;
    last_told_ = clock_.now();
    return {};
  }
  void resume() override {
    expect(quiesced_, "workers that run are not resumed");
    quiesced_ = false;
    last_resumed_ = clock_.now();
  }
  [[nodiscard]] Instant last_told() const override { return last_told_; }
  [[nodiscard]] Instant last_resumed() const override { return last_resumed_; }

  const Clock& clock_;
  bool quiesced_ = true;
  bool discards_ = true;
  Instant last_told_{}, last_resumed_{};
};

// Answers by its rules; or, as often as it is told, not.
class KeptRecord final : public Arbiter {
 public:
  explicit KeptRecord(std::string node) : node_(std::move(node)) {}

  void read() override { answer({.kind = ArbiterAnswer::Kind::record, .newest = record}); }
  void swap(const ArbiterRecord& expected, const ArbiterRecord& next) override {
    expect(next.term == expected.term + 1 && next.term != 0, "every change raises the term by one");
    expect(next.in_sync.contains(next.active) && next.in_sync.contains(node_),
           "a node asks for sets with itself");
    for (const std::string& name : next.in_sync)
      expect(!name.empty() && name.size() < 64, "members have names that fit");
    if (record == expected) {
      record = next;
      answer({.kind = ArbiterAnswer::Kind::swapped, .newest = record});
    } else {
      answer({.kind = ArbiterAnswer::Kind::refused, .newest = record});
    }
  }
  [[nodiscard]] int wake_fd() const override { return -1; }
  [[nodiscard]] std::optional<ArbiterAnswer> take_answer() override {
    return std::exchange(answer_, std::nullopt);
  }

  ArbiterRecord record;
  unsigned silent = 0;  // so many answers are lost

 private:
  void answer(ArbiterAnswer given) {
    expect(!answer_, "one request at a time");
    if (silent > 0) {
      --silent;
      given = {.kind = ArbiterAnswer::Kind::unanswered, .newest = {}, .why = "lost"};
    }
    answer_ = std::move(given);
  }

  const std::string node_;
  std::optional<ArbiterAnswer> answer_;
};

// Builds at once whatever it is told, one thing at a time.
class ObedientBuilder final : public standby::ConfigHost {
 public:
  void collect() override { begin(collects_); }
  [[nodiscard]] std::optional<standby::ConfigBytes> take_collected() override {
    if (!std::exchange(collects_, false)) return std::nullopt;
    return standby::ConfigBytes{};
  }
  void build(standby::ConfigBytes, bool) override { begin(builds_); }
  [[nodiscard]] std::optional<Status> take_built() override {
    if (!std::exchange(builds_, false)) return std::nullopt;
    return Status{};
  }

 private:
  void begin(bool& what) {
    expect(!collects_ && !builds_, "one thing is built at a time");
    what = true;
  }
  bool collects_ = false;
  bool builds_ = false;
};

// Keeps the last commit record of those that left, and the last document of the configuration.
class SentFrames final : public wire::Transport {
 public:
  [[nodiscard]] Status send(wire::Bytes bytes) override {
    if (fails) return fail(Errc::unavailable, "cut");
    std::vector<std::byte> frames(bytes.begin(), bytes.end());
    for (std::span<std::byte> rest(frames); !rest.empty();) {
      const auto parsed = wire::parse(rest);
      expect(parsed && parsed->has_value(), "a node sends whole frames");
      if ((*parsed)->type == wire::Type::commit) last_commit = *wire::body_of<wire::Commit>(**parsed);
      if ((*parsed)->type == wire::Type::config) {
        wire::ConfigHeader header;
        std::memcpy(&header, (*parsed)->payload.data(), sizeof(header));
        if (header.last == 1) config_sent = header.generation;
      }
      rest = rest.subspan(sizeof(wire::FrameHeader) + (*parsed)->payload.size());
    }
    return {};
  }
  bool fails = false;
  wire::Commit last_commit{};
  std::optional<std::uint64_t> config_sent;  // its generation, until somebody takes it
};

}  // namespace stillwater::fuzz
