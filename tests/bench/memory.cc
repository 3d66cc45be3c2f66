// What state costs in memory: its size, its lookups, its marks, and the pauses in which it is copied.
#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>

#include "dataplane/control/eal.h"
#include "tests/bench/checkpointed.h"
#include "tests/bench/memory_blackout.h"
#include "tests/bench/memory_marks.h"
#include "tests/bench/memory_tables.h"
#include "tests/bench/memory_traffic.h"
#include "tests/bench/report.h"

namespace stillwater::bench {
namespace {

struct Options {
  std::string out = "memory.json";
  std::string only;
  unsigned repetitions = 5;
  unsigned rounds = 200;
  unsigned big_mib = 4096;
};

constexpr std::uint32_t kMillion = 1'000'000;

int run(const Options& options) {
  Report report("memory");
  const auto wanted = [&](const char* part) {
    const bool yes = options.only.empty() || options.only == part;
    if (yes) std::fprintf(stderr, "%s ...\n", part);
    return yes;
  };
  const unsigned n = options.repetitions;
  if (wanted("marks")) add_marks(report, n);
  if (wanted("blackout")) {
    pin_this_thread_to_first_core();
    add_barrier_blackouts(report, n, options.rounds, options.big_mib);
    add_pagemap_blackout(report, n, options.rounds);
  }
  if (wanted("bytes")) {
    add_session_bytes(report, kMillion, "1M");
    add_session_bytes(report, 10 * kMillion, "10M");
  }
  const bool tables = wanted("tables");
  const bool traffic = wanted("traffic");
  if (tables || traffic) {
    dataplane::EalOptions eal;
    eal.memory_mib = 1536;
    must(dataplane::init_eal(eal), "EAL");
  }
  if (tables) {
    add_session_rates(report, n, kMillion, "1M");
    add_session_rates(report, n, 10 * kMillion, "10M");
  }
  if (traffic) add_soft_traffic(report, n);
  report.print();
  must(report.write(options.out), "report");
  return 0;
}

}  // namespace
}  // namespace stillwater::bench

int main(int argc, char** argv) {
  CLI::App app{"bench_memory: what state costs in memory, and the pauses in which it is copied"};
  stillwater::bench::Options options;
  app.add_option("--out", options.out, "report file (JSON)")->capture_default_str();
  app.add_option("--repetitions", options.repetitions, "repetitions a figure")
      ->capture_default_str()
      ->check(CLI::Range(1, 60));
  app.add_option("--rounds", options.rounds, "checkpoints a repetition")
      ->capture_default_str()
      ->check(CLI::Range(10, 10000));
  app.add_option("--big-mib", options.big_mib, "size of the large region, in MiB")
      ->capture_default_str()
      ->check(CLI::Range(1024, 65536));
  app.add_option("--only", options.only, "one part")
      ->check(CLI::IsMember({"marks", "blackout", "bytes", "tables", "traffic"}));
  CLI11_PARSE(app, argc, argv);
  return stillwater::bench::run(options);
}
