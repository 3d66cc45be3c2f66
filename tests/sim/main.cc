// stillwater-sim: runs the pair under seeds, and says what it found.
#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>

#include "tests/sim/world.h"

namespace {

using namespace stillwater;

struct Totals {
  std::uint64_t seeds = 0;
  std::uint64_t violations = 0;
  std::uint64_t events = 0;
  std::uint64_t events_min = ~std::uint64_t{0};
  std::uint64_t answers = 0;
  Nanos simulated{};
  sim::Coverage coverage;
};

void print_coverage(const sim::Coverage& coverage) {
  std::printf("\nfault x step, how often:\n%-16s", "");
  for (std::size_t f = 0; f < sim::kFaults; ++f)
    std::printf(" %.9s", sim::name_of(static_cast<sim::Fault>(f)));
  for (std::size_t s = 0; s < sim::kSteps; ++s) {
    std::printf("\n%-20s", sim::name_of(static_cast<sim::Step>(s)));
    for (std::size_t f = 0; f < sim::kFaults; ++f)
      std::printf("%6llu", static_cast<unsigned long long>(coverage.hits[f][s]));
  }
  std::printf("\n");
}

// Cells below `least`.
unsigned thin_cells(const sim::Coverage& coverage, std::uint64_t least) {
  unsigned thin = 0;
  for (std::size_t s = 0; s < sim::kSteps; ++s)
    for (std::size_t f = 0; f < sim::kFaults; ++f)
      if (coverage.hits[f][s] < least) {
        ++thin;
        std::printf("%s at %s: %llu times, fewer than %llu\n", sim::name_of(static_cast<sim::Fault>(f)),
                    sim::name_of(static_cast<sim::Step>(s)),
                    static_cast<unsigned long long>(coverage.hits[f][s]),
                    static_cast<unsigned long long>(least));
      }
  return thin;
}

// Equal seeds, equal runs: wherever memory lies, and whatever ran before.
bool repeats(const sim::Options& options, const sim::Outcome& outcome, sim::World::Regions& regions) {
  sim::World again(options, regions);
  const sim::Outcome second = again.run();
  return second.events == outcome.events && second.answers == outcome.answers &&
         second.simulated == outcome.simulated &&
         second.violation.has_value() == outcome.violation.has_value();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "The pair under a simulator that breaks everything. Exit: 0 nothing found, 1 violations, 2 usage."};
  std::uint64_t first = 1, seeds = 1000, cell_min = 0, stop_after = 1;
  bool only = false, coverage = false, twice = false;
  sim::Wishes wishes;
  std::string expected;
  app.add_option("--seeds", seeds, "how many, from --first on (1000)");
  app.add_option("--first", first, "the first seed (1)");
  auto* seed = app.add_option("--seed", first, "this one alone, with a summary of it");
  app.add_flag("--trace", wishes.trace, "print what happens");
  app.add_option("--arbiter", wishes.arbitrated,
                 "1: every run has an arbiter, 0: none has (as the seed says)");
  app.add_option("--faults", wishes.faults, "so many a run (as the seed says)");
  app.add_option("--stop-after", stop_after, "violations (1)");
  app.add_flag("--coverage", coverage, "print the table of faults and steps");
  app.add_option("--cell-min", cell_min, "fail unless every cell of that table was hit so often");
  app.add_flag("--twice", twice, "run each seed twice, and fail unless both runs are the same");
  app.add_option("--must-catch", expected, "succeed only if this checker finds a violation");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  only = seed->count() > 0;
  if (only) seeds = 1;

  sim::World::Regions regions;
  Totals totals;
  for (std::uint64_t s = first; s < first + seeds && totals.violations < stop_after; ++s) {
    const sim::Options options = sim::options_of(s, wishes);
    sim::World world(options, regions);
    const sim::Outcome outcome = world.run();
    if (twice && !repeats(options, outcome, regions)) {
      std::printf("seed %llu ran differently the second time\n", static_cast<unsigned long long>(s));
      return 1;
    }
    ++totals.seeds;
    totals.events += outcome.events;
    totals.events_min = std::min(totals.events_min, outcome.events);
    totals.answers += outcome.answers;
    totals.simulated += outcome.simulated;
    totals.coverage.add(outcome.coverage);
    if (!outcome.violation) continue;
    // A mutant may be noticed by others as well, and before.
    if (!expected.empty() && outcome.violation->checker != expected) continue;
    ++totals.violations;
    std::printf("%s: %s\n  %s\n  replay: ./dev sim --seed %llu --trace\n", outcome.violation->checker.c_str(),
                outcome.violation->what.c_str(), sim::text_of(options).c_str(),
                static_cast<unsigned long long>(s));
  }
  if (!expected.empty() && totals.violations > 0) {
    std::printf("caught by %s after %llu seeds\n", expected.c_str(),
                static_cast<unsigned long long>(totals.seeds));
    return 0;
  }
  if (only) std::printf("%s\n", sim::text_of(sim::options_of(first, wishes)).c_str());
  std::printf(
      "%llu seeds, %llu violations; %llu events (at least %llu a seed), %llu answers, %.0f s simulated\n",
      static_cast<unsigned long long>(totals.seeds), static_cast<unsigned long long>(totals.violations),
      static_cast<unsigned long long>(totals.events), static_cast<unsigned long long>(totals.events_min),
      static_cast<unsigned long long>(totals.answers), milliseconds(totals.simulated) / 1e3);
  if (coverage) print_coverage(totals.coverage);
  if (cell_min > 0 && thin_cells(totals.coverage, cell_min) > 0) return 1;
  return totals.violations > 0 || !expected.empty() ? 1 : 0;
}
