// One run: two nodes, what lies between them, whoever uses them, what goes wrong, and who watches.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/checks.h"
#include "tests/sim/clients.h"
#include "tests/sim/configuration.h"
#include "tests/sim/faults.h"
#include "tests/sim/machine.h"
#include "tests/sim/network.h"
#include "tests/sim/options.h"
#include "tests/sim/random.h"
#include "tests/sim/timeline.h"
#include "tests/sim/witness.h"

namespace stillwater::sim {

struct Outcome {
  std::optional<Violation> violation;
  std::uint64_t events = 0;
  std::uint64_t answers = 0;
  Nanos simulated{};
  Coverage coverage;
};

class World {
 public:
  // Regions are made once and used by run after run; each is cleared when a process starts on it.
  using Regions = std::vector<std::unique_ptr<region::Region>>;

  World(const Options& options, Regions& spare_regions);
  ~World();

  [[nodiscard]] Outcome run();

  [[nodiscard]] std::string name_of_node(unsigned node) const { return node == 0 ? "fw-a" : "fw-b"; }
  [[nodiscard]] bool over() const { return over_; }
  // A line for people, if they want to see any.
  void trace(const char* format, ...) const __attribute__((format(printf, 2, 3)));

  const Options options;
  Regions& spare_regions;
  Random random;
  Timeline time;
  Network network;
  Witness witness;
  Clients clients;
  Configurer configurer;
  Checks checks;
  Faults faults;
  std::array<std::uint64_t, 2> protected_hash{};
  std::array<std::unique_ptr<Machine>, 2> machines;

 private:
  void begin_calm();
  [[nodiscard]] bool whole() const;
  [[nodiscard]] bool needs_operator() const;
  [[nodiscard]] ArbiterRecord newest_record() const;

  bool over_ = false;
  Nanos calm_since_{};
};

}  // namespace stillwater::sim
