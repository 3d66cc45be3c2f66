// The checkers: the invariants of ARCHITECTURE.md, judged from outside. They know true time, the arbiter's
// own record and a picture of every epoch, and take no part in what they watch.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/arbiter.h"

namespace stillwater::sim {

class World;

struct Violation {
  std::string checker;  // "I1" .. "I6", "number", "client", "config", "liveness"
  std::string what;
};

class Checks {
 public:
  explicit Checks(World& world) : world_(world) {}

  [[nodiscard]] const std::optional<Violation>& violation() const { return violation_; }
  // The first is kept.
  void violated(const char* checker, const std::string& what);

  // I3: no two permits at one instant.
  void after_event();
  // A node begins to lead with its region. I6, I2, client.
  void leads(unsigned node);
  // The workers of `node` have left `epoch`. Its commit record leaves. Number.
  void epoch_closed(unsigned node, std::uint64_t epoch);
  void commit_record(unsigned node, std::uint64_t epoch);
  // `node` took in bytes that its peer sent in `stint`. I2, I5.
  void received(unsigned node, bool whole_before, std::uint64_t committed_before, std::uint64_t stint);
  // It has handed over, and is a standby with what it led with. I2.
  void handed_down(unsigned node);
  // Its connection is gone. I2.
  void settled(unsigned node);
  // An answer is on the wire. I1.
  void transmitted(unsigned node, unsigned client, std::uint32_t number, std::uint64_t epoch);
  // The operator was answered: `node`, which leads, has made that change. Config.
  void configured(unsigned node, std::uint32_t number);
  // The arbiter has changed its record. I6.
  void swapped(unsigned by, const ArbiterRecord& expected, const ArbiterRecord& next);

  [[nodiscard]] bool holds(unsigned node) const;
  // Without an arbiter: two lead, each by its own record. What is answered then may be lost.
  [[nodiscard]] bool split() const { return split_; }

 private:
  // A stint is the time in which one process leads: its epochs are one history.
  struct Held {
    std::uint64_t stint = 0;
    std::uint64_t epoch = 0;
  };
  [[nodiscard]] static std::uint64_t key(std::uint64_t stint, std::uint64_t epoch) {
    return stint << 40 | epoch;
  }
  [[nodiscard]] bool may_transmit(unsigned node) const;
  void whole_epoch(unsigned node);
  void everything_is_there(unsigned node);
  void handed_over(unsigned node, const Held& now);

  World& world_;
  std::optional<Violation> violation_;
  std::uint64_t stints_ = 0;
  std::unordered_map<std::uint64_t, std::uint64_t> pictures_;  // hash of hard memory at the end of an epoch
  std::unordered_set<std::uint64_t> records_sent_;
  std::array<std::optional<Held>, 2> held_;  // what each node has committed as a standby
  bool split_ = false;
};

}  // namespace stillwater::sim
