// The arbiter that both nodes share: a record that survives its own crash, and requests that may be lost,
// slow or late on the way to it.
#pragma once

#include <array>
#include <map>
#include <optional>

#include "base/arbiter.h"
#include "base/clock.h"
#include "tests/sim/steps.h"

namespace stillwater::sim {

class World;

struct Request {
  unsigned from = 0;
  std::uint64_t incarnation = 0;
  std::uint64_t number = 0;
  bool swap = false;
  ArbiterRecord expected;
  ArbiterRecord next;
};

// What a node would be asked for by that swap.
[[nodiscard]] Step step_of(const ArbiterRecord& expected, const ArbiterRecord& next);

class Witness {
 public:
  explicit Witness(World& world) : world_(world) { history_[0] = {}; }

  void ask(const Request& request);
  [[nodiscard]] const ArbiterRecord& record() const { return record_; }
  // Of a term; null: there was none.
  [[nodiscard]] const ArbiterRecord* of_term(std::uint64_t term) const;

  void go_down(Nanos until) { down_until_ = until; }
  void cut_off(unsigned node, Nanos until) { cut_off_until_[node] = until; }
  void slow_down(Nanos until) { slow_until_ = until; }
  void lose_request(unsigned node) { lose_request_[node] = true; }
  void lose_answer(unsigned node) { lose_answer_[node] = true; }
  void delay_request(unsigned node) { delay_request_[node] = true; }
  void heal();

 private:
  void carry_out(const Request& request);
  [[nodiscard]] bool reachable(unsigned node) const;
  [[nodiscard]] Nanos delay();

  World& world_;
  ArbiterRecord record_;
  std::map<std::uint64_t, ArbiterRecord> history_;
  Nanos down_until_{};
  Nanos slow_until_{};
  std::array<Nanos, 2> cut_off_until_{};
  std::array<bool, 2> lose_request_{};
  std::array<bool, 2> lose_answer_{};
  std::array<bool, 2> delay_request_{};
};

// The client of it in one process.
class WitnessClient final : public Arbiter {
 public:
  WitnessClient(World& world, unsigned node, std::uint64_t incarnation)
      : world_(world), node_(node), incarnation_(incarnation) {}

  void read() override { ask(false, {}, {}); }
  void swap(const ArbiterRecord& expected, const ArbiterRecord& next) override;
  [[nodiscard]] int wake_fd() const override { return -1; }
  [[nodiscard]] std::optional<ArbiterAnswer> take_answer() override;

  void answer(std::uint64_t number, const ArbiterAnswer& answer);
  // The swap that is on its way.
  [[nodiscard]] std::optional<Step> asked() const { return asked_; }

 private:
  static constexpr Nanos kPatience = 30ms;
  void ask(bool swap, const ArbiterRecord& expected, const ArbiterRecord& next);

  World& world_;
  unsigned node_;
  std::uint64_t incarnation_;
  std::uint64_t number_ = 0;  // of the request on its way
  bool waiting_ = false;
  std::optional<ArbiterAnswer> answer_;
  std::optional<Step> asked_;
};

}  // namespace stillwater::sim
