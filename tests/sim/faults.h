// The injectors: what may go wrong, each with what it may break. Aimed: a fault strikes a node at a step of
// the protocol; what has to happen for the step to come is provoked first.
#pragma once

#include <optional>

#include "base/clock.h"
#include "tests/sim/steps.h"

namespace stillwater::sim {

class World;

class Faults {
 public:
  explicit Faults(World& world) : world_(world) {}

  void begin();
  // On the control thread of `node`, which is at `step`. True: something was done, time has to pass.
  [[nodiscard]] bool strikes(unsigned node, Step step);
  [[nodiscard]] bool over() const { return over_; }
  [[nodiscard]] const Coverage& coverage() const { return coverage_; }

 private:
  struct Aim {
    Fault fault{};
    Step step{};
    unsigned pass_by = 0;  // so often the step goes unharmed before
  };

  void take_aim();
  void lie_in_wait(std::uint64_t aim, unsigned tries);
  void hit(unsigned node, Step step);
  void provoke(Step step);
  void strike(Fault fault, unsigned node);
  void strike_network(Fault fault, unsigned node);
  void crash(unsigned node, bool kernel_lives);
  [[nodiscard]] int leader() const;
  [[nodiscard]] Nanos until(Nanos longest);

  World& world_;
  Coverage coverage_;
  std::optional<Aim> aim_;
  unsigned left_ = 0;
  std::uint64_t aims_ = 0;
  bool over_ = false;
};

}  // namespace stillwater::sim
